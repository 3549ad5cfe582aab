#include "runtime/job.h"

#include "base/version.h"
#include "comm/collectives/wait.h"
#include "comm/envelope.h"
#include "comm/inproc/inproc_world.h"
#include "plan/step_codec.h"
#include "runtime/agreement.h"
#include "runtime/backoff.h"
#include "runtime/log_stream.h"
#include "runtime/rank_state.h"
#include "runtime/task_trace.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <thread>
#include <utility>

namespace braid {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kReportOperation = 4;

// Every rank is a thread before the model can say whether it splits that far.
constexpr int kMaxInprocRanks = 256;

std::string ConfigurationText(const JobOptions& options) {
  return "tp " + std::to_string(options.mesh.tensor) + ", pp " +
         std::to_string(options.mesh.pipeline) +
         (options.numerics == Numerics::kExact ? ", exact" : ", fast") +
         (options.widen_to_f32 ? ", f32" : ", auto") + ", ctx " + std::to_string(options.context) +
         ", chunk " + std::to_string(options.max_rows) + ", slots " +
         std::to_string(options.strand_slots) + ", timeout " +
         std::to_string(options.wait_limit.count()) + " ms";
}

/// A verdict as the body of the log's last entry: code, then message. Empty for OK.
std::string EncodeVerdict(const Status& status) {
  if (status.ok()) return {};
  return std::string(1, static_cast<char>(status.code())) + status.message();
}

Status DecodeVerdict(const std::string& body) {
  if (body.empty()) return {};
  if (body[0] < 1 || body[0] > static_cast<char>(StatusCode::kInternal)) {
    return Internal("rank 0 ended the job with a status of unknown kind");
  }
  return Status(static_cast<StatusCode>(body[0]), body.substr(1));
}

/// One rank's part in a job that has been agreed on. What messages in flight may touch lives here.
struct RankJob {
  RankJob(Transport& rank_transport, std::unique_ptr<RankState> loaded)
      : transport(&rank_transport),
        state(std::move(loaded)),
        writer(rank_transport),
        reader(rank_transport) {}

  Transport* transport;
  std::unique_ptr<RankState> state;
  double load_seconds = 0;
  LogWriter writer;  // of rank 0
  LogReader reader;  // of the others
  std::vector<RankReport> reports;
};

RankReport ReportOf(const RankJob& job) {
  RankReport report = job.state->Report(*job.transport);
  report.load_seconds = job.load_seconds;
  return report;
}

class LeadOnRank final : public Lead {
 public:
  explicit LeadOnRank(RankJob& job) : job_(&job) {}

  const ModelSpec& spec() const override { return job_->state->spec(); }
  const Tokenizer& tokenizer() const override { return job_->state->tokenizer(); }
  const Vocabulary& vocabulary() const override { return job_->state->vocabulary(); }
  const JobOptions& options() const override { return job_->state->options(); }

  Result<StepResult> Run(Step step) override;
  Result<std::vector<RankReport>> Reports() override;

 private:
  RankJob* job_;
  std::uint64_t last_number_ = 0;
};

Result<StepResult> LeadOnRank::Run(Step step) {
  step.number = last_number_ + 1;
  RETURN_IF_ERROR(job_->state->Validate(step));
  last_number_ = step.number;
  RETURN_IF_ERROR(job_->writer.Append(LogEntryKind::kStep, EncodeStep(step)));
  RETURN_IF_ERROR(job_->state->Start(step));
  Executor& executor = job_->state->executor();
  Backoff backoff;
  while (true) {
    if (const auto finished = executor.TakeFinished()) {
      ASSIGN_OR_RETURN([[maybe_unused]] const bool delivered, job_->writer.Poll());
      const ActivationView& logits = finished->logits;
      return StepResult{finished->number,
                        {logits.data, static_cast<std::size_t>(logits.rows) *
                                          static_cast<std::size_t>(logits.cols)}};
    }
    ASSIGN_OR_RETURN(const bool progressed, executor.Advance());
    if (progressed) {
      backoff.Progressed();
    } else {
      // Large entries go out only while somebody polls them.
      ASSIGN_OR_RETURN([[maybe_unused]] const bool delivered, job_->writer.Poll());
      backoff.Idle();
    }
  }
}

Result<std::vector<RankReport>> LeadOnRank::Reports() {
  Transport& transport = *job_->transport;
  RETURN_IF_ERROR(job_->writer.Append(LogEntryKind::kReport, {}));
  std::vector<RankReport>& reports = job_->reports;
  reports.assign(static_cast<std::size_t>(transport.size()), {});
  reports[0] = ReportOf(*job_);
  const Deadline deadline = Clock::now() + options().wait_limit;
  for (int rank = 1; rank < transport.size(); ++rank) {
    RankReport& report = reports[static_cast<std::size_t>(rank)];
    ASSIGN_OR_RETURN(
        const Ticket ticket,
        transport.Receive(
            rank,
            {.channel = 0, .operation = kReportOperation, .step = job_->writer.last_sequence()},
            std::as_writable_bytes(std::span(&report, 1))));
    RETURN_IF_ERROR(Wait(transport, ticket, deadline));
  }
  return reports;
}

Status EndLog(RankJob& job, const Status& verdict) {
  RETURN_IF_ERROR(job.writer.Append(LogEntryKind::kEnd, EncodeVerdict(verdict)));
  const Deadline deadline = Clock::now() + job.state->options().wait_limit;
  Backoff backoff;
  while (true) {
    ASSIGN_OR_RETURN(const bool delivered, job.writer.Poll());
    if (delivered) return {};
    if (Clock::now() > deadline) {
      const int peer = job.writer.waiting_for();
      return DeadlineExceeded("rank " + std::to_string(peer) + " (" + job.transport->host(peer) +
                              ") does not take entry " +
                              std::to_string(job.writer.last_sequence()) +
                              " of the log, the end of the job; is it stuck or stopped?");
    }
    backoff.Idle();
  }
}

/// Rank 0's part. A verdict of the lead function that leaves the job healthy ends it in order: all
/// ranks return it. Errors: what ends the job on this rank otherwise.
Status LeadJob(RankJob& job, const LeadFunction& lead, Status* verdict) {
  LeadOnRank handle(job);
  *verdict = lead(handle);
  Status health = job.transport->Health();
  if (health.ok() && !job.state->executor().idle()) {
    health = Internal("the lead function ended in the middle of a step");
  }
  // What the lead function saw says more than what the transport heard of it.
  if (!health.ok()) return verdict->ok() ? health : *verdict;
  return EndLog(job, *verdict);
}

Status SendReport(RankJob& job, std::uint64_t sequence) {
  job.reports.assign(1, ReportOf(job));
  ASSIGN_OR_RETURN(
      const Ticket ticket,
      job.transport->Send(0, {.channel = 0, .operation = kReportOperation, .step = sequence},
                          std::as_bytes(std::span(job.reports))));
  return Wait(*job.transport, ticket, Clock::now() + job.state->options().wait_limit);
}

/// Another rank's part: does what the log says until it ends. `verdict` is then rank 0's.
Status FollowLog(RankJob& job, Status* verdict) {
  Executor& executor = job.state->executor();
  Backoff backoff;
  auto last_life = Clock::now();
  auto last_look = last_life;
  // Rank 0 may be waiting for another rank itself, and must get to name that one first.
  const std::chrono::milliseconds patience = 2 * job.state->options().wait_limit;
  // The next in order. Steps are taken up as they come (the executor queues them); anything else
  // waits until all steps before it have ended here, because rank 0 may be done with them earlier.
  std::optional<LogEntry> next;
  while (true) {
    const auto now = Clock::now();
    // A job that was suspended as a whole has not waited.
    if (now - last_look > Collective::kLongestPause) last_life += now - last_look;
    last_look = now;
    bool progressed = false;
    if (!next) {
      ASSIGN_OR_RETURN(next, job.reader.Poll());
      progressed = next.has_value();
    }
    if (next && (next->kind == LogEntryKind::kStep || executor.idle())) {
      switch (next->kind) {
        case LogEntryKind::kStep: {
          ASSIGN_OR_RETURN(const Step step, DecodeStep(std::as_bytes(std::span(next->body))));
          RETURN_IF_ERROR(job.state->Start(step));
          break;
        }
        case LogEntryKind::kReport:
          RETURN_IF_ERROR(SendReport(job, next->sequence));
          break;
        case LogEntryKind::kEnd:
          *verdict = DecodeVerdict(next->body);
          return {};
      }
      next.reset();
      progressed = true;
    }
    ASSIGN_OR_RETURN(const bool advanced, executor.Advance());
    while (executor.TakeFinished()) {
    }
    if (progressed || advanced) {
      backoff.Progressed();
      last_life = now;
      continue;
    }
    if (!executor.idle()) last_life = now;  // its communications have deadlines
    if (now - last_life > patience) {
      return DeadlineExceeded("rank 0 (" + job.transport->host(0) + ") has asked for nothing in " +
                              std::to_string(patience.count()) + " ms; is it stuck or stopped?");
    }
    backoff.Idle();
  }
}

}  // namespace

Status RunRank(const JobOptions& options, Transport& transport, const LeadFunction& lead,
               TaskTrace* trace) {
  const auto start = Clock::now();
  JobOptions effective = options;
  effective.trace = effective.trace || trace != nullptr;
  Result<std::unique_ptr<RankState>> state = RankState::Load(effective, transport);

  Credentials credentials;
  credentials.version = Version();
  credentials.configuration = ConfigurationText(options);
  if (state.ok()) {
    credentials.model_hash = state.value()->model_hash();
  } else {
    credentials.prepared = state.error();
  }
  RETURN_IF_ERROR(Agree(transport, credentials, options.wait_limit));

  auto job = std::make_shared<RankJob>(transport, std::move(state).value());
  transport.Keep(job);
  job->load_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  Status verdict;
  const Status ended =
      transport.rank() == 0 ? LeadJob(*job, lead, &verdict) : FollowLog(*job, &verdict);
  if (trace != nullptr) trace->Add(job->state->executor().TakeTrace());
  if (ended.ok()) return verdict;

  const std::string name = RankOnHost(transport, transport.rank());
  const bool names_a_rank =
      ended.code() == StatusCode::kAborted || ended.message().starts_with(name);
  const Status failure = names_a_rank ? ended : ended.WithContext(name);
  transport.Abort(failure);
  return failure;
}

namespace {

/// The whole life of one rank that is a thread.
Status RunInprocRank(const JobOptions& options, InprocWorld& world, int rank,
                     const LeadFunction& lead, TaskTrace* trace) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Transport> transport, world.Open(rank));
  const Status status = RunRank(options, *transport, lead, trace);
  const Status closed = transport->Close(Clock::now() + options.wait_limit);
  return status.ok() ? closed : status;
}

}  // namespace

Status RunInprocJob(const JobOptions& options, const LeadFunction& lead, TaskTrace* trace) {
  const int size = std::max(options.mesh.size(), 1);
  if (size > kMaxInprocRanks) {
    return InvalidArgument("a job of " + std::to_string(size) +
                           " ranks is too large for threads of one process, at most " +
                           std::to_string(kMaxInprocRanks) + "; lower --tp or --pp, or use MPI");
  }
  InprocWorld world(size);
  std::vector<Status> statuses(static_cast<std::size_t>(size));
  const auto run_rank = [&](int rank) noexcept {
    Status& status = statuses[static_cast<std::size_t>(rank)];
    try {
      status = RunInprocRank(options, world, rank, lead, trace);
    } catch (const std::bad_alloc&) {
      // Its transport is gone, which peers take for the rank's death.
      status = OutOfMemory("rank " + std::to_string(rank) + ": this machine has no memory left");
    }
  };
  std::vector<std::thread> threads;
  Status started;
  for (int rank = 0; rank < size && started.ok(); ++rank) {
    try {
      threads.emplace_back(run_rank, rank);
    } catch (const std::exception& error) {
      started = Unavailable("cannot start a thread for rank " + std::to_string(rank) + " of " +
                            std::to_string(size) + ": " + error.what());
      // The ranks that run wait for the others: opening and dropping a transport is its rank's
      // death.
      for (int absent = rank; absent < size; ++absent) static_cast<void>(world.Open(absent));
    }
  }
  for (std::thread& thread : threads) thread.join();
  RETURN_IF_ERROR(started);
  // The rank that failed first says why; the others only that they were told to stop.
  for (const Status& status : statuses) {
    if (!status.ok() && status.code() != StatusCode::kAborted) return status;
  }
  for (const Status& status : statuses) RETURN_IF_ERROR(status);
  return {};
}

}  // namespace braid
