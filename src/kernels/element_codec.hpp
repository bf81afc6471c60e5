// Until block_conversion.hpp includes scheme_layout.hpp itself.
#pragma once

#include "scheme_layout.hpp"
