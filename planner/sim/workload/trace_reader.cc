#include "planner/sim/workload/trace_reader.h"

#include <utility>

namespace braid {
namespace {

constexpr std::size_t kMaxLineBytes = std::size_t{1} << 20U;
constexpr std::size_t kFirstLineBytes = 4096;  // grows with the longest line
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

TraceReader::TraceReader(std::unique_ptr<std::istream> stream, std::string name)
    : stream_(std::move(stream)), name_(std::move(name)), buffer_(kFirstLineBytes) {}

std::string TraceReader::Place() const { return name_ + ":" + std::to_string(line_number_) + ": "; }

Result<bool> TraceReader::ReadRawLine(std::string_view& line) {
  std::size_t bytes = 0;
  ++line_number_;
  while (true) {
    stream_->getline(buffer_.data() + bytes, static_cast<std::streamsize>(buffer_.size() - bytes));
    bytes += static_cast<std::size_t>(stream_->gcount());
    if (stream_->bad()) return Unavailable("cannot read " + Place() + "the device failed");
    if (!stream_->fail() || stream_->eof()) break;
    // The buffer is full and the line goes on.
    if (buffer_.size() >= kMaxLineBytes) {
      return InvalidArgument(Place() + "the line is longer than " + std::to_string(kMaxLineBytes) +
                             " bytes; a trace has one request a line");
    }
    stream_->clear();
    buffer_.resize(buffer_.size() * 2);
  }
  if (stream_->eof() && bytes == 0) return false;
  if (!stream_->eof()) --bytes;  // getline counts the LF that it took
  line = std::string_view(buffer_.data(), bytes);
  return true;
}

Result<bool> TraceReader::NextLine(std::string_view& line) {
  while (true) {
    ASSIGN_OR_RETURN(const bool found, ReadRawLine(line));
    if (!found) return false;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line_number_ == 1 && line.starts_with(kByteOrderMark)) {
      line.remove_prefix(kByteOrderMark.size());
    }
    if (!line.empty()) return true;
  }
}

Status TraceReader::ReadFirstLine() {
  std::string_view line;
  ASSIGN_OR_RETURN(const bool found, NextLine(line));
  if (!found) {
    return InvalidArgument(name_ + ": the file is empty; a trace is an Azure CSV (" +
                           std::string(kAzureHeader) + ") or Mooncake JSON lines");
  }
  const auto format = FormatOfTrace(line);
  if (!format) {
    return InvalidArgument(
        Place() + "the first line is " + QuotedTraceText(line) +
        ", of no known trace; Azure's begin with " + std::string(kAzureHeader) +
        ", Mooncake's with {\"timestamp\": ...}: convert the file to one of them");
  }
  format_ = *format;
  pending_ = format_ == TraceFormat::kMooncake;
  pending_line_ = line;
  started_ = true;
  return {};
}

Result<bool> TraceReader::Next(TraceRow& row) {
  if (!started_) RETURN_IF_ERROR(ReadFirstLine());
  std::string_view line = pending_line_;
  if (!std::exchange(pending_, false)) {
    ASSIGN_OR_RETURN(const bool found, NextLine(line));
    if (!found) return false;
  }
  const Status parsed =
      format_ == TraceFormat::kAzure ? ParseAzureRow(line, row) : ParseMooncakeRow(line, row);
  if (!parsed.ok()) return InvalidArgument(Place() + parsed.message());
  if (num_rows_ > 0 && row.time_ns < last_time_ns_) {
    const double seconds = static_cast<double>(last_time_ns_ - row.time_ns) * 1e-9;
    return InvalidArgument(Place() + "the request arrives " + std::to_string(seconds) +
                           " s before the one above it; sort the trace by time");
  }
  last_time_ns_ = row.time_ns;
  ++num_rows_;
  return true;
}

Status TraceReader::Rewind() {
  stream_->clear();
  stream_->seekg(0);
  if (!stream_->good()) return Unavailable("cannot read " + name_ + " a second time");
  line_number_ = 0;
  num_rows_ = 0;
  started_ = false;
  pending_ = false;
  return {};
}

}  // namespace braid
