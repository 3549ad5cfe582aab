#pragma once

#include "base/status.h"

#include <mpi.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace braid {

/// What ranks tell each other about the job itself, beside all messages, on a communicator of its
/// own: that one failed, ends, or is gone. Notices are short and sent eagerly; one receive from
/// anybody is always posted.
/// Thread: rank thread only.
class NoticeBoard {
 public:
  enum class Kind : std::uint32_t { kFailed = 1, kClosing, kGone };

  /// Takes over `communicator`.
  NoticeBoard(MPI_Comm communicator, int rank, int size);
  NoticeBoard(const NoticeBoard&) = delete;
  NoticeBoard& operator=(const NoticeBoard&) = delete;
  ~NoticeBoard();

  /// Starts to tell all other ranks. `words` beyond about 480 bytes are cut.
  Status Post(Kind kind, const std::string& words);

  /// Takes in the notices that have come. Costs one MPI_Test.
  Status Poll();

  /// True when all notices of this rank have left it.
  Result<bool> AllSent();

  /// Lets go of the communicator; all ranks must have said kClosing.
  Status Close();

  /// The first failure that a peer told of: its rank, or -1, and its words.
  int failed_rank() const { return failed_rank_; }
  const std::string& failed_words() const { return failed_words_; }
  bool gone(int peer) const { return gone_[static_cast<std::size_t>(peer)]; }
  bool closing(int peer) const { return closing_[static_cast<std::size_t>(peer)]; }
  /// Some rank that is gone, or -1.
  int any_gone() const { return any_gone_; }

 private:
  struct Notice {
    Kind kind = Kind::kFailed;
    std::uint32_t length = 0;
    std::array<char, 480> words{};
  };

  Status PostReceive();
  void TakeIn(int from);

  MPI_Comm communicator_;
  int rank_;
  int size_;
  std::vector<bool> gone_;
  std::vector<bool> closing_;
  int any_gone_ = -1;
  int failed_rank_ = -1;
  std::string failed_words_;
  std::unique_ptr<Notice> incoming_;
  MPI_Request receive_ = MPI_REQUEST_NULL;
  std::vector<std::unique_ptr<Notice>> outgoing_;  // each goes to all peers
  std::vector<MPI_Request> sends_;
};

}  // namespace braid
