#include "planner/cost/cost_model.h"

#include "parallel/layout/shard.h"
#include "planner/cost/builtin_models.h"
#include "planner/cost/line_fit.h"
#include "planner/cost/single_strand.h"
#include "planner/cost/time_correction.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace braid {
namespace {

constexpr std::size_t kFlagCombinations = 128;
constexpr std::int32_t kMostInstances = 255;  // of a group, as templates number them

std::size_t SlotOf(const StepSignature& s) {
  const auto bit = [](bool flag, unsigned at) { return static_cast<std::size_t>(flag) << at; };
  return static_cast<std::size_t>(s.degree) * kFlagCombinations + bit(s.prefill, 0) +
         bit(s.decode, 1) + bit(s.sampled, 2) + bit(s.move, 3) + bit(s.token_split, 4) +
         bit(s.across_nodes, 5) + bit(s.exchange_in_turn, 6);
}

ContentionMatrix ContentionOf(const Profile& profile) {
  ContentionMatrix matrix;
  const auto set = [&matrix](WorkClass slowed, WorkClass beside, const Figure& figure) {
    matrix.factor[static_cast<std::size_t>(slowed)][static_cast<std::size_t>(beside)] =
        static_cast<std::int64_t>(std::floor(figure.value * ContentionMatrix::kOne + 0.5));
  };
  set(WorkClass::kMatMul, WorkClass::kNetwork, profile.contention_matmul_network);
  set(WorkClass::kAttention, WorkClass::kNetwork, profile.contention_attention_network);
  set(WorkClass::kOther, WorkClass::kNetwork, profile.contention_other_network);
  set(WorkClass::kNetwork, WorkClass::kMatMul, profile.contention_network_matmul);
  set(WorkClass::kNetwork, WorkClass::kAttention, profile.contention_network_attention);
  set(WorkClass::kNetwork, WorkClass::kOther, profile.contention_network_other);
  return matrix;
}

std::string Gigabytes(double bytes) {
  const auto tenths = static_cast<std::int64_t>(std::floor(bytes / 1e8 + 0.5));
  return std::to_string(tenths / 10) + "." + std::to_string(std::abs(tenths % 10)) + " GB";
}

/// What one device holds and has room for.
struct DeviceMemory {
  double weight_bytes = 0;
  double left_bytes = 0;  ///< for KV
  double kv_bytes_per_token = 0;
};

Result<DeviceMemory> MemoryOf(const Profile& profile, const ModelSpec& model,
                              std::int32_t tensor_size, const Precision& precision) {
  ASSIGN_OR_RETURN(const ModelShard shard, ShardOf(model, Mesh{.tensor = tensor_size}, 0));
  DeviceMemory memory;
  memory.weight_bytes =
      static_cast<double>(ParameterCount(model)) * precision.weight_bytes / tensor_size;
  memory.kv_bytes_per_token =
      2.0 * model.num_layers * shard.kv_heads.size() * model.head_dim * precision.kv_bytes;
  const double usable = profile.memory_bytes.value * profile.usable_memory.value;
  memory.left_bytes = usable - memory.weight_bytes - profile.workspace_bytes.value;
  if (memory.left_bytes >= memory.kv_bytes_per_token) return memory;
  return FailedPrecondition(
      "the model " + model.name + " does not fit devices of " + profile.name + " at tp " +
      std::to_string(tensor_size) + ": " + Gigabytes(memory.weight_bytes) + " of weights and " +
      Gigabytes(profile.workspace_bytes.value) + " of workspace leave nothing of " +
      Gigabytes(usable) + "; use a larger tp or a device with more memory");
}

}  // namespace

struct CostModel::Tables {
  struct Entry {
    TimedTemplate timed;
    SingleStrand strand;
    std::unique_ptr<TimeCorrection> correction;  ///< null until such a step was observed
    std::optional<PrefillLine> line;
    const TimeCorrection* line_correction = nullptr;  ///< that the line was drawn with ..
    std::uint64_t line_changes = 0;                   ///< .. when it had changed so often
  };

  Profile profile;
  ModelSpec model;
  ClusterSpec cluster;
  Precision precision;
  Calibration calibration;
  ContentionMatrix contention;
  DeviceMemory memory;
  std::int64_t kv_slots = 0;
  std::vector<std::unique_ptr<Entry>> entries;  ///< by SlotOf
  /// What was observed at any degree, for signatures that were not: by SlotOf of degree 0.
  std::array<std::unique_ptr<TimeCorrection>, kFlagCombinations> of_kind;
  bool observed = false;
  std::uint64_t corrections = 0;
  TemplateUses uses;

  std::int32_t max_degree() const { return std::min(cluster.num_instances(), kMostInstances); }

  Entry& Find(const StepSignature& signature) {
    BRAID_CHECK(signature.degree >= 1 && signature.degree <= max_degree());
    std::unique_ptr<Entry>& entry = entries[SlotOf(signature)];
    if (entry == nullptr) {
      entry = Build(signature);
      ++uses.made;
    } else {
      ++uses.found;
    }
    return *entry;
  }

  std::unique_ptr<TimeCorrection>& OfKind(StepSignature signature) {
    signature.degree = 0;
    return of_kind[SlotOf(signature)];
  }

  /// Null where nothing was observed.
  const TimeCorrection* CorrectionOf(const StepSignature& signature, const Entry& entry) {
    if (!observed) return nullptr;
    return entry.correction != nullptr ? entry.correction.get() : OfKind(signature).get();
  }

  std::unique_ptr<Entry> Build(StepSignature signature) const {
    if (signature.degree > cluster.instances_per_node()) signature.across_nodes = true;
    const Result<WorkTemplate> work =
        StepWork(profile, precision, model, cluster.tensor_size, signature);
    BRAID_CHECK(work.ok());  // Make tried this model and tensor size
    auto entry = std::make_unique<Entry>();
    entry->timed = PriceTemplate(*work, calibration.rates, profile.step_overhead_ns.value);
    entry->strand = SingleStrand(entry->timed);
    return entry;
  }
};

CostModel::CostModel(std::unique_ptr<Tables> tables) : tables_(std::move(tables)) {}
CostModel::CostModel(CostModel&&) noexcept = default;
CostModel& CostModel::operator=(CostModel&&) noexcept = default;
CostModel::~CostModel() = default;

Result<CostModel> CostModel::Make(const Profile& profile, const ModelSpec& model,
                                  const ClusterSpec& cluster) {
  return Make(profile, model, cluster, PrecisionOf(profile));
}

Result<CostModel> CostModel::Make(const Profile& profile, const ModelSpec& model,
                                  const ClusterSpec& cluster, const Precision& precision) {
  RETURN_IF_ERROR(ValidateModelSpec(model));
  RETURN_IF_ERROR(ValidateClusterSpec(cluster));
  auto tables = std::make_unique<Tables>();
  tables->profile = profile;
  tables->model = model;
  tables->cluster = cluster;
  tables->precision = precision;
  ASSIGN_OR_RETURN(tables->memory, MemoryOf(profile, model, cluster.tensor_size, precision));
  ASSIGN_OR_RETURN(tables->calibration, Calibrate(profile, precision));
  tables->contention = ContentionOf(profile);
  tables->kv_slots = cluster.kv_slots > 0
                         ? cluster.kv_slots
                         : static_cast<std::int64_t>(tables->memory.left_bytes /
                                                     tables->memory.kv_bytes_per_token);
  tables->entries.resize(static_cast<std::size_t>(tables->max_degree() + 1) * kFlagCombinations);
  RETURN_IF_ERROR(
      StepWork(profile, precision, model, cluster.tensor_size, StepSignature{.prefill = true})
          .status());
  return CostModel(std::move(tables));
}

const TimedTemplate& CostModel::Timed(const StepSignature& signature) const {
  return tables_->Find(signature).timed;
}

std::int64_t CostModel::StepNs(const StepSignature& signature, const StepSizes& sizes) const {
  const Tables::Entry& entry = tables_->Find(signature);
  const std::int64_t ns = entry.strand.TotalNs(sizes);
  const TimeCorrection* correction = tables_->CorrectionOf(signature, entry);
  return correction == nullptr ? ns : correction->Apply(ns);
}

CostModel::LaneNs CostModel::BusyNs(const StepSignature& signature, const StepSizes& sizes) const {
  const Tables::Entry& entry = tables_->Find(signature);
  const StrandTime time = entry.strand.Run(sizes);
  LaneNs busy = {.compute = time.compute_busy_ns, .network = time.network_busy_ns};
  const TimeCorrection* correction = tables_->CorrectionOf(signature, entry);
  if (correction == nullptr || time.total_ns <= 0) return busy;
  // Which lane was off nobody saw.
  const double ratio =
      static_cast<double>(correction->Apply(time.total_ns)) / static_cast<double>(time.total_ns);
  busy.compute = static_cast<std::int64_t>(static_cast<double>(busy.compute) * ratio);
  busy.network = static_cast<std::int64_t>(static_cast<double>(busy.network) * ratio);
  return busy;
}

PrefillLine CostModel::Prefill(std::int32_t degree) const {
  return Prefill(StepSignature{.degree = degree, .prefill = true});
}

PrefillLine CostModel::Prefill(const StepSignature& signature) const {
  Tables::Entry& entry = tables_->Find(signature);
  const TimeCorrection* correction = tables_->CorrectionOf(signature, entry);
  const std::uint64_t changes = correction == nullptr ? 0 : correction->changes();
  if (entry.line.has_value() && entry.line_correction == correction &&
      entry.line_changes == changes) {
    return *entry.line;
  }
  constexpr std::array<std::int64_t, 13> kLengths = {1'000,   1'500,   2'000,    3'000,  5'000,
                                                     10'000,  20'000,  50'000,   70'000, 100'000,
                                                     200'000, 500'000, 1'000'000};
  std::vector<double> times;
  for (const std::int64_t length : kLengths) {
    const StepSizes sizes = PrefillSizes(signature.degree, 1, length);
    const std::int64_t ns = entry.strand.TotalNs(sizes);
    times.push_back(static_cast<double>(correction == nullptr ? ns : correction->Apply(ns)));
  }
  entry.line = LineThrough(kLengths, times);
  entry.line_correction = correction;
  entry.line_changes = changes;
  return *entry.line;
}

CostModel::TemplateUses CostModel::template_uses() const { return tables_->uses; }

const Calibration& CostModel::calibration() const { return tables_->calibration; }

std::int64_t CostModel::kv_slots() const { return tables_->kv_slots; }

std::int64_t CostModel::kv_bytes_per_token() const {
  const ModelSpec& model = tables_->model;
  return static_cast<std::int64_t>(2.0 * model.num_layers * model.num_kv_heads * model.head_dim *
                                   tables_->precision.kv_bytes);
}

std::int32_t CostModel::max_degree() const { return tables_->max_degree(); }

std::int64_t CostModel::MoveNs(std::int64_t tokens, bool same_node) const {
  StepSizes sizes;
  sizes[Size::kMovedTokens] = tokens;
  return StepNs({.move = true, .across_nodes = !same_node}, sizes);
}

std::int64_t CostModel::SwapNs(std::int64_t tokens) const {
  const Profile& profile = tables_->profile;
  const double bytes = tables_->memory.kv_bytes_per_token * static_cast<double>(tokens);
  return static_cast<std::int64_t>(profile.host_latency_ns.value +
                                   bytes * 1e9 / profile.host_bandwidth.value);
}

const ContentionMatrix& CostModel::contention() const { return tables_->contention; }

void CostModel::Observe(const StepSignature& signature, const StepSizes& sizes,
                        std::int64_t actual_ns) {
  Tables::Entry& entry = tables_->Find(signature);
  const std::int64_t predicted_ns = entry.strand.TotalNs(sizes);
  if (predicted_ns <= 0 || actual_ns <= 0) return;
  tables_->observed = true;
  std::unique_ptr<TimeCorrection>& of_kind = tables_->OfKind(signature);
  if (of_kind == nullptr) of_kind = std::make_unique<TimeCorrection>();
  // What is seen for the first time begins where its kind is.
  if (entry.correction == nullptr) entry.correction = std::make_unique<TimeCorrection>(*of_kind);
  const std::uint64_t before = entry.correction->changes() + of_kind->changes();
  entry.correction->Learn(predicted_ns, actual_ns);
  of_kind->Learn(predicted_ns, actual_ns);
  if (entry.correction->changes() + of_kind->changes() != before) ++tables_->corrections;
}

std::uint64_t CostModel::corrections() const { return tables_->corrections; }

}  // namespace braid
