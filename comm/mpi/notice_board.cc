#include "comm/mpi/notice_board.h"

#include "comm/mpi/mpi_call.h"

#include <algorithm>
#include <cstring>

namespace braid {
namespace {

constexpr int kNoticeTag = 0;

}  // namespace

NoticeBoard::NoticeBoard(MPI_Comm communicator, int rank, int size)
    : communicator_(communicator),
      rank_(rank),
      size_(size),
      gone_(static_cast<std::size_t>(size)),
      closing_(static_cast<std::size_t>(size)),
      incoming_(std::make_unique<Notice>()) {}

NoticeBoard::~NoticeBoard() {
  if (communicator_ == MPI_COMM_NULL) return;
  // A job that did not end in order: MPI may still read and write these, and the process is about
  // to end. They are left to it on purpose.
  static_cast<void>(incoming_.release());
  for (std::unique_ptr<Notice>& notice : outgoing_) static_cast<void>(notice.release());
}

Status NoticeBoard::Post(Kind kind, const std::string& words) {
  auto notice = std::make_unique<Notice>();
  notice->kind = kind;
  notice->length = static_cast<std::uint32_t>(std::min(words.size(), notice->words.size()));
  std::memcpy(notice->words.data(), words.data(), notice->length);
  for (int peer = 0; peer < size_; ++peer) {
    if (peer == rank_) continue;
    RETURN_IF_ERROR(CheckMpi(MPI_Isend(notice.get(), sizeof(Notice), MPI_BYTE, peer, kNoticeTag,
                                       communicator_, &sends_.emplace_back(MPI_REQUEST_NULL)),
                             "MPI_Isend"));
  }
  outgoing_.push_back(std::move(notice));
  return Status();
}

Status NoticeBoard::PostReceive() {
  return CheckMpi(MPI_Irecv(incoming_.get(), sizeof(Notice), MPI_BYTE, MPI_ANY_SOURCE, kNoticeTag,
                            communicator_, &receive_),
                  "MPI_Irecv");
}

Status NoticeBoard::Poll() {
  if (size_ == 1) return Status();
  if (receive_ == MPI_REQUEST_NULL) RETURN_IF_ERROR(PostReceive());
  while (true) {
    int arrived = 0;
    MPI_Status status;
    RETURN_IF_ERROR(CheckMpi(MPI_Test(&receive_, &arrived, &status), "MPI_Test"));
    if (arrived == 0) return Status();
    TakeIn(status.MPI_SOURCE);
    RETURN_IF_ERROR(PostReceive());
  }
}

void NoticeBoard::TakeIn(int from) {
  const auto peer = static_cast<std::size_t>(from);
  switch (incoming_->kind) {
    case Kind::kFailed:
      if (failed_rank_ >= 0) return;
      failed_rank_ = from;
      failed_words_.assign(incoming_->words.data(),
                           std::min<std::size_t>(incoming_->length, incoming_->words.size()));
      return;
    case Kind::kClosing:
      closing_[peer] = true;
      return;
    case Kind::kGone:
      gone_[peer] = true;
      any_gone_ = from;
      return;
  }
}

Result<bool> NoticeBoard::AllSent() {
  int sent = 0;
  RETURN_IF_ERROR(CheckMpi(
      MPI_Testall(static_cast<int>(sends_.size()), sends_.data(), &sent, MPI_STATUSES_IGNORE),
      "MPI_Testall"));
  return sent != 0;
}

Status NoticeBoard::Close() {
  if (receive_ != MPI_REQUEST_NULL) {
    RETURN_IF_ERROR(CheckMpi(MPI_Cancel(&receive_), "MPI_Cancel"));
    RETURN_IF_ERROR(CheckMpi(MPI_Wait(&receive_, MPI_STATUS_IGNORE), "MPI_Wait"));
  }
  return CheckMpi(MPI_Comm_free(&communicator_), "MPI_Comm_free");
}

}  // namespace braid
