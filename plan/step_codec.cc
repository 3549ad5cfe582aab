#include "plan/step_codec.h"

#include "plan/plan.pb.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

namespace braid {
namespace {

void ToProto(const KvExtent& extent, proto::KvExtent* out) {
  out->set_instance(extent.instance);
  out->set_first_slot(extent.first_slot);
  out->set_count(extent.count);
}

KvExtent FromProto(const proto::KvExtent& from) {
  return {from.instance(), from.first_slot(), from.count()};
}

void ToProto(const Step& step, proto::Step* out) {
  out->set_number(step.number);
  out->mutable_instances()->Add(step.instances.begin(), step.instances.end());
  out->set_slot(step.slot);
  out->set_priority(step.priority);
  for (const StepRequest& request : step.requests) {
    proto::StepRequest* to = out->add_requests();
    to->set_id(request.id);
    to->set_first_position(request.first_position);
    to->mutable_tokens()->Add(request.tokens.begin(), request.tokens.end());
    to->set_sampled_rows(request.sampled_rows);
    for (const KvExtent& extent : request.kv) ToProto(extent, to->add_kv());
    if (request.master != kNoMaster) to->set_master(request.master);
    to->mutable_ring()->Add(request.ring.begin(), request.ring.end());
  }
  for (const KvMove& move : step.moves) {
    proto::KvMove* to = out->add_moves();
    to->set_request(move.request);
    ToProto(move.from, to->mutable_from());
    ToProto(move.to, to->mutable_to());
  }
  out->set_overlap(static_cast<proto::Overlap>(step.overlap));
  out->set_predicted_ns(step.predicted_ns);
  out->set_queries_to_all(step.queries_to_all);
  out->set_exchange_in_turn(step.exchange_in_turn);
}

Result<Step> FromProto(const proto::Step& from) {
  Step step;
  step.number = from.number();
  step.instances.assign(from.instances().begin(), from.instances().end());
  step.slot = from.slot();
  step.priority = from.priority();
  step.requests.reserve(static_cast<std::size_t>(from.requests_size()));
  for (const proto::StepRequest& request : from.requests()) {
    StepRequest& to = step.requests.emplace_back();
    to.id = request.id();
    to.first_position = request.first_position();
    to.tokens.assign(request.tokens().begin(), request.tokens().end());
    to.sampled_rows = request.sampled_rows();
    for (const proto::KvExtent& extent : request.kv()) {
      to.kv.push_back(FromProto(extent));
    }
    if (request.has_master()) to.master = request.master();
    to.ring.assign(request.ring().begin(), request.ring().end());
  }
  for (const proto::KvMove& move : from.moves()) {
    step.moves.push_back({move.request(), FromProto(move.from()), FromProto(move.to())});
  }
  if (!proto::Overlap_IsValid(from.overlap())) {
    return InvalidArgument("step " + std::to_string(step.number) + " has overlap mode " +
                           std::to_string(from.overlap()) + ", which this version does not know");
  }
  step.overlap = static_cast<OverlapMode>(from.overlap());
  step.predicted_ns = from.predicted_ns();
  step.queries_to_all = from.queries_to_all();
  step.exchange_in_turn = from.exchange_in_turn();
  return step;
}

/// Keeps the first complaint of the parser; protobuf counts lines and columns from 0.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    if (!text_.empty()) return;
    text_ = "line " + std::to_string(line + 1) + ", column " + std::to_string(column + 1) + ": " +
            message;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

std::string EncodeStep(const Step& step) {
  proto::Step message;
  ToProto(step, &message);
  return message.SerializeAsString();
}

Result<Step> DecodeStep(std::span<const std::byte> bytes) {
  proto::Step message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return InvalidArgument(std::to_string(bytes.size()) + " bytes are not an encoded step");
  }
  return FromProto(message);
}

std::string EncodePlan(const Plan& plan) {
  proto::Plan message;
  for (const Step& step : plan.steps) ToProto(step, message.add_steps());
  return message.SerializeAsString();
}

Result<Plan> DecodePlan(std::span<const std::byte> bytes) {
  proto::Plan message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return InvalidArgument(std::to_string(bytes.size()) + " bytes are not an encoded plan");
  }
  Plan plan;
  for (const proto::Step& from : message.steps()) {
    ASSIGN_OR_RETURN(Step step, FromProto(from));
    plan.steps.push_back(std::move(step));
  }
  return plan;
}

std::string PlanToText(const Plan& plan) {
  proto::Plan message;
  for (const Step& step : plan.steps) ToProto(step, message.add_steps());
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseShortRepeatedPrimitives(true);
  std::string text;
  printer.PrintToString(message, &text);
  return text;
}

Result<Plan> ParsePlanText(std::string_view text) {
  // A plan nests three deep; more is a mistake, and unbounded nesting would exhaust the stack.
  constexpr int kMaxDepth = 8;
  google::protobuf::TextFormat::Parser parser;
  FirstError errors;
  parser.RecordErrorsTo(&errors);
  parser.SetRecursionLimit(kMaxDepth);
  proto::Plan message;
  if (!parser.ParseFromString(std::string(text), &message)) {
    return InvalidArgument("plan text, " + errors.text() +
                           "; docs/plan_format.md lists the fields");
  }
  Plan plan;
  for (const proto::Step& from : message.steps()) {
    ASSIGN_OR_RETURN(Step step, FromProto(from));
    plan.steps.push_back(std::move(step));
  }
  return plan;
}

}  // namespace braid
