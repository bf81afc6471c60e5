// Names that the grammar knows beyond float formats, and the help that an error message gives.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace halfulp {

/// Is this a name of the contract's grammar that this version does not build yet (integers, codebooks, posits …)?
bool is_reserved_format_name(std::string_view text);

/// Does the text read like a scheme and not like a format ("mxfp4", "nf4_64", "e2m1f/32:e8m0fnu")?
bool looks_like_scheme(std::string_view text);

/// The text in quotes for a message, cut after 80 bytes but never inside a UTF-8 character.
std::string quoted(std::string_view text);

/// " (did you mean 'e4m3fn'?)" for the candidate nearest to the text, or "" where none is near.
std::string suggestion(std::string_view text, const std::vector<std::string_view>& candidates);

}  // namespace halfulp
