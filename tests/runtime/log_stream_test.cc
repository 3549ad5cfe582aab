#include "runtime/log_stream.h"

#include "base/hash.h"
#include "runtime/backoff.h"
#include "tests/comm/rank_threads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace braid {
namespace {

using ::testing::HasSubstr;

/// The next entry, waited for.
Result<LogEntry> Next(LogReader& reader) {
  Backoff backoff;
  const Deadline deadline = Soon();
  while (true) {
    ASSIGN_OR_RETURN(std::optional<LogEntry> entry, reader.Poll());
    if (entry) return std::move(*entry);
    if (std::chrono::steady_clock::now() > deadline) return DeadlineExceeded("no entry came");
    backoff.Idle();
  }
}

Status Deliver(LogWriter& writer) {
  Backoff backoff;
  const Deadline deadline = Soon();
  while (true) {
    ASSIGN_OR_RETURN(const bool delivered, writer.Poll());
    if (delivered) return {};
    if (std::chrono::steady_clock::now() > deadline) return DeadlineExceeded("not delivered");
    backoff.Idle();
  }
}

std::string BodyOf(std::uint64_t sequence) {
  // Empty ones, some that a transport copies aside, some that it does not, one above 1 MB.
  constexpr std::size_t kSizes[] = {0, 1, 37, 16385, 100000, 1500000};
  std::string body(kSizes[sequence % 6], 'a');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * sequence + i / 251);
  return body;
}

LogEntryKind KindOf(std::uint64_t sequence) {
  return sequence % 5 == 0 ? LogEntryKind::kReport : LogEntryKind::kStep;
}

TEST(LogStream, BringsEveryEntryToEveryRankInOrder) {
  constexpr std::uint64_t kEntries = 60;
  RunHealthyRankThreads(4, [](Transport& transport) {
    if (transport.rank() == 0) {
      LogWriter writer(transport);
      for (std::uint64_t i = 1; i <= kEntries; ++i) {
        ASSERT_OK(writer.Append(KindOf(i), BodyOf(i)));
        EXPECT_EQ(writer.last_sequence(), i);
      }
      ASSERT_OK(Deliver(writer));
      return;
    }
    LogReader reader(transport);
    for (std::uint64_t i = 1; i <= kEntries; ++i) {
      const Result<LogEntry> entry = Next(reader);
      ASSERT_TRUE(entry.ok()) << entry.error().ToString();
      EXPECT_EQ(entry->sequence, i);
      EXPECT_EQ(entry->kind, KindOf(i));
      EXPECT_EQ(entry->body, BodyOf(i));
    }
  });
}

TEST(LogStream, DoesNotMakeTheWriterWaitForReaders) {
  RunHealthyRankThreads(2, [](Transport& transport) {
    const MessageTag turn = {.channel = 9, .operation = 0, .step = 0};
    std::byte token{};
    if (transport.rank() == 0) {
      LogWriter writer(transport);
      for (std::uint64_t i = 1; i <= 20; ++i) ASSERT_OK(writer.Append(KindOf(i), BodyOf(i)));
      // Only now may the reader begin.
      const Result<bool> delivered = writer.Poll();
      ASSERT_TRUE(delivered.ok());
      EXPECT_FALSE(*delivered);
      EXPECT_EQ(writer.waiting_for(), 1);
      const Result<Ticket> ticket = transport.Send(1, turn, std::span(&token, 1));
      ASSERT_TRUE(ticket.ok());
      ASSERT_OK(Wait(transport, *ticket, Soon()));
      ASSERT_OK(Deliver(writer));
      return;
    }
    const Result<Ticket> ticket = transport.Receive(0, turn, std::span(&token, 1));
    ASSERT_TRUE(ticket.ok());
    ASSERT_OK(Wait(transport, *ticket, Soon()));
    LogReader reader(transport);
    for (std::uint64_t i = 1; i <= 20; ++i) {
      const Result<LogEntry> entry = Next(reader);
      ASSERT_TRUE(entry.ok()) << entry.error().ToString();
      EXPECT_EQ(entry->body, BodyOf(i));
    }
  });
}

TEST(LogStream, HasNothingUntilSomethingComes) {
  RunRankThreads(2, [](std::unique_ptr<Transport> transport) {
    if (transport->rank() == 0) return;
    LogReader reader(*transport);
    for (int i = 0; i < 3; ++i) {
      const Result<std::optional<LogEntry>> entry = reader.Poll();
      // Rank 0 may have gone already, which is then an error and no entry.
      if (entry.ok()) {
        EXPECT_FALSE(entry->has_value());
      }
    }
  });
}

TEST(LogStream, DeliversAtOnceWhereNobodyListens) {
  RunHealthyRankThreads(1, [](Transport& transport) {
    LogWriter writer(transport);
    ASSERT_OK(writer.Append(LogEntryKind::kStep, BodyOf(3)));
    const Result<bool> delivered = writer.Poll();
    ASSERT_TRUE(delivered.ok());
    EXPECT_TRUE(*delivered);
  });
}

/// What a reader says to one frame and body that rank 0 sends by hand, as the first entry.
Status ReadForged(const LogFrame& frame, const std::string& body) {
  Status said;
  RunRankThreads(2, [&](std::unique_ptr<Transport> transport) {
    if (transport->rank() == 1) {
      LogReader reader(*transport);
      said = Next(reader).status();
      transport->Abort(Internal("read enough"));
    } else {
      (void)transport->Send(1, {.channel = 0, .operation = 2, .step = 1},
                            std::as_bytes(std::span(&frame, 1)));
      if (!body.empty()) {
        (void)transport->Send(1, {.channel = 0, .operation = 3, .step = 1},
                              std::as_bytes(std::span(body)));
      }
      while (transport->Health().ok()) std::this_thread::yield();
    }
    (void)transport->Close(Soon());
  });
  return said;
}

LogFrame FrameOf(const std::string& body) {
  return {.kind = 1,
          .reserved = 0,
          .sequence = 1,
          .body_bytes = body.size(),
          .body_hash = HashBytes(std::as_bytes(std::span(body)))};
}

TEST(LogStream, NoticesAForgedEntry) {
  const std::string body = "a step, encoded";
  EXPECT_OK(ReadForged(FrameOf(body), body));

  LogFrame late = FrameOf(body);
  late.sequence = 2;
  EXPECT_THAT(ReadForged(late, body).message(), HasSubstr("out of order at entry 1"));

  LogFrame unknown = FrameOf(body);
  unknown.kind = 4;
  EXPECT_THAT(ReadForged(unknown, body).message(), HasSubstr("out of order"));
  unknown.kind = 0;
  EXPECT_EQ(ReadForged(unknown, body).code(), StatusCode::kInternal);

  LogFrame huge = FrameOf(body);
  huge.body_bytes = ~std::uint64_t{0};
  EXPECT_EQ(ReadForged(huge, body).code(), StatusCode::kInternal);

  LogFrame damaged = FrameOf(body);
  damaged.body_hash ^= 1;
  EXPECT_THAT(ReadForged(damaged, body).message(), HasSubstr("entry 1 of the log arrived damaged"));
}

TEST(LogStream, EndsForReadersWhereTheWriterDies) {
  RunRankThreads(3, [](std::unique_ptr<Transport> transport) {
    if (transport->rank() == 0) {
      LogWriter writer(*transport);
      ASSERT_OK(writer.Append(LogEntryKind::kStep, "the last one"));
      transport.reset();
      return;
    }
    LogReader reader(*transport);
    const Result<LogEntry> entry = Next(reader);
    ASSERT_TRUE(entry.ok());
    EXPECT_EQ(entry->body, "the last one");
    EXPECT_EQ(Next(reader).status().code(), StatusCode::kUnavailable);
    // Both stay until both have seen it: one that leaves dies too.
    (void)transport->Close(Soon());
  });
}

}  // namespace
}  // namespace braid
