#pragma once

#include "plan/shard.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace braid {

/// What a task does. Computations name operators of device/operators.h, communications those of
/// comm/collectives.
enum class TaskKind : std::uint8_t {
  kEmbed,
  kRmsNorm,
  kMatMul,
  kRotate,
  kStoreKv,
  kAttention,
  kSwiGlu,
  kAdd,
  kSelectRows,
  kAllReduce,  ///< `in` becomes its sum over the group, added in group order
  kGather,     ///< column slices of `in` meet in `out` of the group's first rank
  kSend,
  kReceive,
  // Sequence parallelism: several instances, one step.
  kPackBlock,      ///< own new K and V and earlier ones from the pool become visiting block 0
  kRingShift,      ///< block `part` to the next instance while block `part` + 1 comes, full duplex
  kAttendBlock,    ///< own queries x visiting block `part`, accumulating (o, lse) in `out`
  kRetainKv,       ///< those tokens of visiting block `part` that stay in this instance
  kQueryExchange,  ///< queries to the instances that own KV of their requests, and peers' here
  kPartialExchange,  ///< partials (o, lse) back to the masters of the queries
  kMergePartials,    ///< own partials in `in` and peers' in `in2` into one attention output
  kSendKv,           ///< KV of one layer to another instance, from the pool
  kReceiveKv,        ///< KV of one layer from another instance, into the pool
};
inline constexpr int kNumTaskKinds = static_cast<int>(TaskKind::kReceiveKv) + 1;

/// A queue for one resource of a rank. In order within a strand.
enum class Lane : std::uint8_t { kCompute, kNetwork };
inline constexpr int kNumLanes = 2;

/// Which rows a task works on, of those that an instance has in a step (or in one half of it).
enum class RowSet : std::uint8_t {
  kAll,
  kSampled,   ///< those that yield logits
  kStriped,   ///< of requests whose rows are dealt out over the group (prefill in a ring)
  kMastered,  ///< of requests whose rows are all here (decode, short prompts)
  kVisiting,  ///< KV tokens of the block that visits at ring step `part`
  kPeer,      ///< rows of other masters whose requests have KV here
  kReturned,  ///< partials of own rows computed by peers, one for each (row, peer)
  kMoved,     ///< KV tokens of a move between this rank and its pair
};

/// Which rows of a step split in two a task works on. Each half has its own part of every buffer
/// but the KV memory, so that halves are ordered against each other by KV alone.
enum class Half : std::uint8_t { kWhole, kFirst, kSecond };

/// The activations of a strand, each [rows, width] in f32. kKv stands for the KV memory, so that
/// edges through it are edges like any other.
enum class Buffer : std::uint8_t {
  kResidual,
  kNormed,
  kQuery,
  kKey,
  kValue,
  kAttended,
  kPartial,
  kGate,
  kUp,
  kSelected,
  kLogits,
  kGatheredLogits,
  kVisitingEven,  ///< [block tokens, K and V]: visiting blocks 0, 2, ..
  kVisitingOdd,   ///< visiting blocks 1, 3, ..
  kPeerQueries,   ///< [peer rows, query columns]
  kPartials,      ///< [rows, query columns + one lse a head]: attention over some of the KV
  kPeerResults,   ///< [peer rows, as kPartials]: what goes back to the masters
  kPeerPartials,  ///< [returned rows, as kPartials]
  kKv,
  kNone,
};
inline constexpr int kNumBuffers = static_cast<int>(Buffer::kNone);

/// The parameters of a task, of its layer where it has one.
enum class Weight : std::uint8_t {
  kTokenEmbedding,
  kAttentionNorm,
  kQuery,
  kKey,
  kValue,
  kQueryBias,
  kKeyBias,
  kValueBias,
  kQueryNorm,
  kKeyNorm,
  kAttentionOutput,
  kFfnNorm,
  kGate,
  kUp,
  kDown,
  kOutputNorm,
  kOutput,
  kNone,
};

/// One piece of work on one lane. Flat and small: a step of a deep model has hundreds.
struct Task {
  TaskKind kind = TaskKind::kAdd;
  RowSet rows = RowSet::kAll;
  Buffer in = Buffer::kNone;
  Buffer in2 = Buffer::kNone;
  Buffer in3 = Buffer::kNone;
  Buffer out = Buffer::kNone;
  Weight weight = Weight::kNone;
  Weight weight2 = Weight::kNone;  ///< bias of a product, norm of a rotated head
  std::uint8_t group = 0;          ///< communications: index into Template::groups
  std::uint8_t num_dependencies = 0;
  std::uint16_t first_dependency = 0;  ///< index into Template::dependencies
  Half half = Half::kWhole;
  std::uint8_t part = 0;       ///< ring step; piece of a product cut by output columns
  std::uint8_t num_parts = 1;  ///< products: pieces they are cut into, by EvenCut of the columns
  /// In a layer section: finishes what the layer before began, so the first layer passes over it.
  bool skips_first_layer = false;
  /// Communications: the same number on every rank that takes part, different from every other
  /// communication of the step. In a layer section, layer l adds l * operations_per_layer.
  std::uint32_t operation = 0;

  bool operator==(const Task&) const = default;
};
static_assert(sizeof(Task) <= 32);

bool IsCommunication(TaskKind kind);
Lane LaneOf(TaskKind kind);
std::string_view TaskKindName(TaskKind kind);
std::string_view BufferName(Buffer buffer);
std::string_view WeightName(Weight weight);

/// Consecutive tasks of a template.
struct Section {
  std::uint32_t first_task = 0;
  std::uint32_t num_tasks = 0;

  bool operator==(const Section&) const = default;
};

/// Where a task of the unrolled template comes from.
struct TaskPlace {
  std::uint32_t task = 0;   ///< index into Template::tasks
  std::int32_t layer = -1;  ///< model layer, -1 outside the layer section
};

/// What one rank runs for a step, but for what changes from step to step: tasks, edges, and the
/// order of its communications. A function of the model's shape, the rank's shard and whether
/// anything is sampled. The layer section is stored once and repeated for each layer.
///
/// Unrolled, a template is prologue, layer section x layers, epilogue. An edge is a backward
/// distance in that order, so it holds for every layer and can close no circle.
/// Thread: immutable once built; share it.
struct Template {
  std::vector<Task> tasks;
  std::vector<std::uint16_t> dependencies;  ///< backward distances, >= 1
  Section prologue;
  Section layer;
  Section epilogue;
  IndexRange layers;  ///< of the model; the layer section runs once for each
  std::uint32_t operations_per_layer = 0;
  std::array<std::int32_t, kNumBuffers> widths =
      {};  ///< columns; 0 where the rank has no such buffer
  /// Ranks of the instance that communicate, in order of reduction or of column slices. Send and
  /// receive: {sender, receiver}.
  std::vector<std::vector<std::int32_t>> groups;
  /// Gathers: the width of each member's slice of `in`, parallel to the group with that index.
  std::vector<std::vector<std::int32_t>> slice_widths;
  std::int32_t rank = 0;  ///< of the instance
  bool sampled = true;    ///< the epilogue yields logits

  std::uint32_t num_tasks() const {
    return prologue.num_tasks + layer.num_tasks * static_cast<std::uint32_t>(layers.size()) +
           epilogue.num_tasks;
  }
  TaskPlace Place(std::uint32_t unrolled_index) const;
  /// The operation number of a communication found at `place`.
  std::uint32_t Operation(const TaskPlace& place) const;
  /// Changes when anything a rank would run changes.
  std::uint64_t Hash() const;
};

/// The rows of one request, as a rank of one instance sees them.
struct BoundRequest {
  std::uint64_t id = 0;
  std::int32_t first_row = 0;
  std::int32_t num_rows = 0;
  std::int32_t first_position = 0;
  std::uint32_t first_extent = 0;  ///< index into Bindings::extents
  std::uint32_t num_extents = 0;
};

/// Consecutive KV slots of this rank's instance.
struct BoundExtent {
  std::int32_t first = 0;
  std::int32_t count = 0;
};

/// Rows of a visiting block that hold tokens of one request, `stride` positions apart.
struct BlockRun {
  std::int32_t ring_step = 0;
  std::uint32_t request = 0;  ///< index into Step::requests
  std::int32_t first_row = 0;
  std::int32_t count = 0;
  std::int32_t first_position = 0;
  std::int32_t stride = 1;
};

/// Where rows of the own block come from: the pool, or K and V of own rows.
struct PackRun {
  std::int32_t first_row = 0;  ///< of the block
  std::int32_t count = 0;
  std::int32_t first_slot = 0;  ///< -1: from own rows
  std::int32_t first_own_row = 0;
};

/// Consecutive rows of a visiting block that stay in this instance.
struct RetainRun {
  std::int32_t ring_step = 0;
  std::int32_t first_row = 0;
  std::int32_t count = 0;
  std::int32_t first_slot = 0;
  std::int32_t slot_stride = 1;
};

/// Consecutive own rows whose queries travel to one instance.
struct QueryRun {
  std::int32_t peer = 0;  ///< place in the ring
  std::int32_t first_row = 0;
  std::int32_t count = 0;
};

/// KV slots of this instance that a move reads or fills.
struct MoveRun {
  std::int32_t peer = 0;  ///< place in the ring
  std::int32_t first_slot = 0;
  std::int32_t count = 0;
};

/// The rows of one half of a step (of all of it, where it is not split) on an instance of a group.
struct BoundHalf {
  IndexRange rows;               ///< of the instance's rows; the striped ones come first
  std::int32_t num_striped = 0;  ///< the others are mastered

  std::vector<BoundRequest> striped;       ///< own rows; no extents
  std::vector<std::int32_t> block_tokens;  ///< [ring steps] of the block that visits then
  std::vector<PackRun> packed;
  std::vector<BlockRun> blocks;
  std::vector<RetainRun> retained;

  /// Own rows and the local KV that they attend to: the j-th last row to all but the j last tokens.
  std::vector<BoundRequest> mastered;
  std::vector<std::int32_t> queries_to;    ///< [ring indices] rows sent; their partials come back
  std::vector<std::int32_t> queries_from;  ///< [ring indices] rows that come; partials go back
  std::vector<QueryRun> queries;           ///< what queries_to counts, in order of sending
  /// Rows of kPeer and the local KV that they attend to, all of it; none: they contribute nothing.
  std::vector<BoundRequest> peers;
};

/// What changes from step to step.
struct Bindings {
  std::uint64_t step = 0;
  std::int32_t slot = 0;
  std::int32_t priority = 0;
  std::vector<std::int32_t> tokens;        ///< [rows]
  std::vector<std::int32_t> positions;     ///< [rows]
  std::vector<std::int32_t> kv_slots;      ///< [rows] where each row's KV goes
  std::vector<std::int32_t> sampled_rows;  ///< row indices that yield logits
  std::vector<BoundRequest> requests;      ///< steps of one instance (Bind)
  std::vector<BoundExtent> extents;

  /// Groups: place of the instance in the ring, and what its rows are: one half, or two.
  std::int32_t ring_index = 0;
  std::vector<BoundHalf> halves;
  std::vector<std::int32_t> moved_tokens;  ///< moves: [ring indices] to or from that instance
  std::vector<MoveRun> moves;

  std::int32_t num_rows() const { return static_cast<std::int32_t>(tokens.size()); }
  std::int32_t Rows(RowSet set) const {
    return set == RowSet::kSampled ? static_cast<std::int32_t>(sampled_rows.size()) : num_rows();
  }
  /// Rows of the set, half and ring step that `task` works on.
  std::int32_t Rows(const Task& task) const;
};

/// What a rank runs for a step.
struct Program {
  std::shared_ptr<const Template> tmpl;
  Bindings bindings;
};

}  // namespace braid
