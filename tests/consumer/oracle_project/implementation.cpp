#define HALFULP_IMPLEMENTATION
#include "halfulp_core.hpp"
