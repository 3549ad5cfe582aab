#include "launch/policy_table.h"

#include "launch/section_options.h"

#include <limits>

namespace braid {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
constexpr double kHour = 3600;

void AddShared(PolicyOptions& o, SectionOptions& add) {
  add.Whole("max-batch", o.max_batch, 1, kMost, "requests that decode together");
  add.Whole("max-prefill-tokens", o.max_prefill_tokens, 1, kMost, "tokens of one prefill batch");
  add.Seconds("max-prefill", o.max_prefill_ns, 1e-6, kHour,
              "longest prefill batch (the tipping point); a longer prompt goes alone");
  add.Whole("wait-passes", o.wait_passes, 0, kMost, "decode passes between two admissions");
  add.Seconds("pass-period", o.pass_period_ns, 0, kHour,
              "loongserve, static policies: least time from one decode pass to the next");
  add.Whole("master-rows", o.master_rows, 1, kMost, "decode rows beyond which another master pays");
}

void AddBaselines(PolicyOptions& o, SectionOptions& add) {
  add.Switch("round-robin", o.round_robin,
             "replicas, static-tp: arrivals in turn, else to the least loaded");
  add.Whole("chunk-tokens", o.chunk_tokens, 1, kMost, "chunked-prefill: rows of a pass");
  add.Whole("prefill-instances", o.prefill_instances, 0, kMost,
            "disaggregated: instances that prefill; 0: half of them");
  add.Whole("depth", o.depth, 1, 8, "liger: batches in flight");
}

void AddLoongServe(PolicyOptions& o, SectionOptions& add) {
  add.Switch("released-dispatch", o.released_dispatch,
             "loongserve: dispatch as the released code does");
  add.Add("batching",
          ChoiceTarget<BatchingMethod>(o.batching, {{"exact", BatchingMethod::kExact},
                                                    {"bucketed", BatchingMethod::kBucketed},
                                                    {"paper", BatchingMethod::kPaperRule},
                                                    {"released", BatchingMethod::kReleasedRule}}),
          "METHOD", "loongserve: how prefills are batched");
  add.Switch("backfill", o.backfill,
             "loongserve: idle instances may prefill what ends before the others");
  add.Switch("barrier", o.barrier, "loongserve: no prefill starts before all that run have ended");
  add.Switch("queries-to-all", o.queries_to_all,
             "loongserve: decode queries go to the whole group, not only to owners of KV");
  add.Whole("out-of-order", o.out_of_order, 0, kMost,
            "loongserve: admissions that may overtake a blocked head");
}

void AddBraid(PolicyOptions& o, SectionOptions& add) {
  add.Seconds("express", o.express_ns, 0, kHour,
              "braid: a prompt that takes less alone goes whole");
  add.Seconds("chunk", o.chunk_ns, 1e-3, kHour, "braid: time of a chunk of a longer prompt");
  add.Add("objective",
          ChoiceTarget<BatchingObjective>(o.objective,
                                          {{"latency", BatchingObjective::kNormalisedLatency},
                                           {"ttft", BatchingObjective::kTimeToFirstToken},
                                           {"slo", BatchingObjective::kSloHinge}}),
          "OBJECTIVE", "braid: what the search over waiting prompts makes small");
  add.Real("pace", o.pace, 0, 1, "braid: distance of decode passes beside prefills, of slo.tpot");
  add.Real("pack-share", o.pack_share, 0, 1,
           "braid: part of a paced pass that decodes of one instance may fill");
  add.Real("due-margin", o.due_margin, 0, 1, "braid: part of a TTFT limit kept in reserve");
  add.Real("overlap-gain", o.overlap_gain, 0, 1, "braid: least gain of a token split");
  add.Real("sharing-gain", o.sharing_gain, -1, 1,
           "braid: least gain of sharing ranks over taking turns");
  add.Real("degree-share", o.degree_share, 0, 1,
           "braid: part of a paced pass that one long context may fill alone");
  add.Real("growth-gain", o.growth_gain, 0, 1,
           "braid: least gain of another instance, of what is ideal");
  add.Seconds("switch-slack", o.switch_slack_ns, 0, kHour,
              "braid: a long prompt goes on unless another has so much less slack");
  add.Whole("starvation-factor", o.starvation_factor, 1, kMost,
            "braid: TTFT limits after which whoever was given up goes first");
  add.Real("starvation-share", o.starvation_share, 0, 1,
           "braid: share of all work that serves those who were given up");
}

void AddMechanisms(PolicyOptions& o, SectionOptions& add) {
  add.Switch("partition", o.partition,
             "braid: exact search over waiting prompts and free instances, else greedily");
  add.Switch("chunking", o.chunking, "braid: long prompts yield at chunk boundaries");
  add.Switch("degree-growth", o.degree_growth, "braid: a later chunk may use more instances");
  add.Switch("strands", o.strands, "braid: groups may share ranks");
  add.Switch("packing", o.packing, "braid: decodes gather where they share reading the weights");
  add.Switch("headroom", o.headroom, "braid: packing leaves room for growth");
  add.Switch("hysteresis", o.hysteresis,
             "braid: whoever has begun goes on unless another is in more need");
  add.Switch("slack-order", o.slack_order, "braid: least slack first, else first come");
  add.Switch("decode-degree", o.decode_degree,
             "braid: long contexts over as many instances as their passes need");
  add.Switch("overlap", o.overlap, "braid: token split where it pays");
  add.Switch("pacing", o.pacing, "braid: decode passes beside prefills leave them room");
  add.Switch("giving-up", o.giving_up,
             "braid: prompts that cannot be in time come after those that can");
  add.Switch("foresight", o.foresight, "braid: the next step is planned while one runs");
  add.Switch("sharing-choice", o.sharing_choice,
             "braid: ranks are shared only where that is predicted to pay");
  add.Switch("rounds", o.rounds, "braid: sharing in Liger's rounds where those are faster");
  add.Switch("moving", o.moving, "braid: KV moves to where there is room before it is given up");
  add.Switch("swap", o.swap, "braid: preempted KV goes to the host where that is faster");
}

}  // namespace

void AddPolicyOptions(PolicyOptions& fields, OptionTable& table) {
  SectionOptions add("policy", table);
  AddShared(fields, add);
  AddBaselines(fields, add);
  AddLoongServe(fields, add);
  AddBraid(fields, add);
  AddMechanisms(fields, add);
}

}  // namespace braid
