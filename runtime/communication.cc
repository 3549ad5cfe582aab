#include "runtime/communication.h"

#include <algorithm>

namespace braid {
namespace {

std::span<float> Contents(const ActivationView& view) {
  return {view.data, static_cast<std::size_t>(view.rows) * static_cast<std::size_t>(view.cols)};
}

}  // namespace

Status Communication::Start(const Strand& strand, const TaskPlace& place,
                            const Activations& activations) {
  const Task& task = strand.tmpl().tasks[place.task];
  const std::vector<std::int32_t>& members = strand.tmpl().groups[task.group];
  group_.clear();
  for (const std::int32_t member : members) group_.push_back(first_rank_ + member);

  const std::int32_t rows = strand.bindings().Rows(task.rows);
  CollectiveCall call;
  call.transport = transport_;
  call.group = group_;
  call.tag = {.channel = static_cast<std::uint32_t>(strand.bindings().slot) + 1,
              .operation = strand.tmpl().Operation(place),
              .step = strand.bindings().step};
  call.deadline = std::chrono::steady_clock::now() + wait_limit_;
  call.phase = strand.bindings().num_rows() > 1 ? "prefill" : "decode";

  gather_out_ = {};
  switch (task.kind) {
    case TaskKind::kAllReduce:
      active_ = &all_reduce_;
      return all_reduce_.Start(call, Contents(activations.View(task.in, rows)));
    case TaskKind::kSend:
      active_ = &transfer_;
      return transfer_.StartSend(call, std::as_bytes(Contents(activations.View(task.in, rows))));
    case TaskKind::kReceive:
      active_ = &transfer_;
      return transfer_.StartReceive(
          call, std::as_writable_bytes(Contents(activations.View(task.out, rows))));
    case TaskKind::kGather:
      active_ = &gather_;
      return StartGather(call, strand, task, activations);
    default:
      return Internal("task " + std::string(TaskKindName(task.kind)) + " is no communication");
  }
}

Status Communication::StartGather(const CollectiveCall& call, const Strand& strand,
                                  const Task& task, const Activations& activations) {
  const std::int32_t rows = strand.bindings().Rows(task.rows);
  block_bytes_.clear();
  std::size_t total = 0;
  for (const std::int32_t width : strand.tmpl().slice_widths[task.group]) {
    block_bytes_.push_back(static_cast<std::size_t>(width) * static_cast<std::size_t>(rows) *
                           sizeof(float));
    total += block_bytes_.back();
  }
  GatherBuffers buffers;
  buffers.block_bytes = block_bytes_;
  if (task.in != Buffer::kNone) {
    buffers.mine = std::as_bytes(Contents(activations.View(task.in, rows)));
  }
  if (task.out != Buffer::kNone) {
    const ActivationView out = activations.View(task.out, rows);
    if (rows <= 1) {
      // The slices of one row, one after the other, are the row.
      buffers.all = std::as_writable_bytes(Contents(out));
    } else {
      gathered_.resize(total / sizeof(float));
      buffers.all = std::as_writable_bytes(std::span(gathered_));
      gather_out_ = out;
    }
  }
  return gather_.Start(call, buffers);
}

Result<bool> Communication::Poll() {
  ASSIGN_OR_RETURN(const bool done, active_->Poll());
  if (!done) return false;
  active_ = nullptr;
  if (gather_out_.rows > 0) SpreadGathered();
  return true;
}

void Communication::SpreadGathered() {
  const float* from = gathered_.data();
  std::int32_t column = 0;
  for (const std::size_t bytes : block_bytes_) {
    const auto width = static_cast<std::int32_t>(bytes / sizeof(float)) / gather_out_.rows;
    for (std::int32_t row = 0; row < gather_out_.rows; ++row, from += width) {
      std::copy_n(from, width, gather_out_.row(row) + column);
    }
    column += width;
  }
}

}  // namespace braid
