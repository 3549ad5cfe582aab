#pragma once

#include "planner/batching/batching.h"

#include <cstdint>
#include <string>

namespace braid {

/// Every knob of every policy, by flag. Times in ns, lengths in tokens.
struct PolicyOptions {
  std::string name = "braid";

  // What all policies obey.
  bool oracle = false;  ///< planners know output lengths, as the papers' clients told them
  std::int32_t max_batch = 1024;                ///< requests that decode together
  std::int64_t max_prefill_tokens = 500'000;    ///< of one prefill batch
  std::int64_t max_prefill_ns = 5'000'000'000;  ///< tipping point; one longer request goes alone
  std::int32_t wait_passes = 10;                ///< decode passes between two admissions
  /// loongserve and static policies: decode passes start at least this far apart, as where a host
  /// plans and issues each of them in that time.
  std::int64_t pass_period_ns = 0;
  std::int32_t master_rows = 128;  ///< decode rows beyond which another master pays

  /// replicas, static-tp: arrivals in turn, as the papers' baselines; else to the least loaded.
  bool round_robin = false;

  // chunked-prefill
  std::int32_t chunk_tokens = 2048;  ///< rows of a pass

  // disaggregated
  std::int32_t prefill_instances = 0;  ///< 0: half of them

  // liger
  std::int32_t depth = 3;  ///< batches in flight

  // loongserve: the paper, unless a flag asks for what the released code does
  bool released_dispatch = false;
  BatchingMethod batching = BatchingMethod::kExact;
  bool backfill = false;           ///< idle instances may prefill what ends before the others
  bool barrier = false;            ///< no prefill starts before all that run have ended
  bool queries_to_all = true;      ///< decode queries go to the whole group, owners or not
  std::int32_t out_of_order = 64;  ///< admissions that may overtake a blocked head

  // the limits that SLO-aware policies plan for
  double ttft_factor = 25;
  std::int64_t ttft_floor_ns = 15'000'000'000;
  std::int64_t tpot_ns = 50'000'000;

  // braid
  std::int64_t express_ns = 150'000'000;  ///< a prompt that takes less alone goes whole
  std::int64_t chunk_ns = 1'000'000'000;  ///< of a chunk of a longer one
  BatchingObjective objective = BatchingObjective::kNormalisedLatency;  ///< of that search
  double pace = 0.985;          ///< of tpot_ns: distance of decode passes beside prefills
  double pack_share = 0.95;     ///< of a paced pass that decodes of one instance may fill
  double due_margin = 0.03;     ///< of a TTFT limit, kept for what was not foreseen
  double overlap_gain = 0.03;   ///< least gain of a token split
  double sharing_gain = -0.05;  ///< least gain of sharing ranks: taking turns also costs waiting
  double degree_share = 0.9;    ///< of a paced pass that one long context may fill alone
  double growth_gain = 0.3;     ///< least gain of another instance, of its fair share
  std::int64_t switch_slack_ns = 10'000'000'000;  ///< less slack that takes a long prompt's turn
  std::int64_t starvation_factor = 10;  ///< of the TTFT limit: who was given up waits no longer ..
  double starvation_share = 0.002;      ///< .. than this share of all work can serve

  // braid: each mechanism can be switched off
  bool partition = true;       ///< exact search over waiting prompts and free instances
  bool chunking = true;        ///< long prompts yield at chunk boundaries
  bool degree_growth = true;   ///< a later chunk may use more instances
  bool strands = true;         ///< groups may share ranks
  bool packing = true;         ///< decodes gather where they read the weights together
  bool headroom = true;        ///< packing leaves room for growth
  bool hysteresis = true;      ///< whoever has begun goes on, unless another is in more need
  bool slack_order = true;     ///< least slack first, else first come
  bool decode_degree = true;   ///< long contexts over as many instances as their passes need
  bool pacing = true;          ///< passes beside prefills leave them room
  bool giving_up = true;       ///< what cannot be in time comes after what can
  bool foresight = true;       ///< the next step is planned while one runs
  bool sharing_choice = true;  ///< ranks are shared only where that is predicted to pay
  bool rounds = true;          ///< sharing in Liger's rounds where those are predicted faster
  bool moving = true;          ///< KV moves to where there is room before it is given up
  bool swap = true;            ///< preempted KV goes to the host where that is faster
  bool overlap = true;         ///< token split where it pays
};

}  // namespace braid
