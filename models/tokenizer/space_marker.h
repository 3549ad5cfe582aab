#pragma once

#include <string>
#include <string_view>

namespace braid {

/// U+2581, as which SentencePiece's vocabularies write a space.
inline constexpr std::string_view kSpaceMarker = "\xE2\x96\x81";

/// Appends `text` to `marked`, its spaces as markers.
void AppendWithMarkers(std::string_view text, std::string* marked);

/// `token` with spaces where it has markers.
std::string WithSpaces(std::string_view token);

}  // namespace braid
