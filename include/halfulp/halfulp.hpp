// Everything.
#pragma once

#include "halfulp/analysis/difference.hpp"
#include "halfulp/blocks/scheme.hpp"
#include "halfulp/codecs/codec.hpp"
#include "halfulp/codecs/pack.hpp"
#include "halfulp/core/config.hpp"
#include "halfulp/core/random.hpp"
#include "halfulp/formats/name.hpp"
#include "halfulp/formats/registry.hpp"
#include "halfulp/formats/shape.hpp"
#include "halfulp/kernels/convert.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "halfulp/rounding/name.hpp"
#include "halfulp/rounding/presets.hpp"
