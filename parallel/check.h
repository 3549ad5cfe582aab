#pragma once

#include "base/status.h"
#include "plan/program.h"

#include <span>

namespace braid {

/// The static check of one rank's template: sections cover the tasks; edges point backwards and
/// order every pair of tasks that touch one buffer; every buffer used has a width; communications
/// name groups that this rank is in, each under a number of its own; a ring brings every block to
/// attention and retention once (parallel/check_sequence.h); the pieces of a cut are whole.
/// Cost: O(tasks of four layers, squared); once per template.
/// Errors: Internal naming rank, task and rule. A template is ours, so a refusal is a bug.
Status CheckTemplate(const Template& tmpl);

/// The static check of an instance, templates[i] being rank i's: each template by itself, then all
/// jointly. Every communication has the same kind, rows, members and sizes on all its members;
/// every send has its receive; and run in each rank's own order, the least willing way (nobody goes
/// on before all its partners have come), all ranks reach the end.
/// Cost: as CheckTemplate, plus O(communications of all layers and ranks).
/// Errors: Internal, as CheckTemplate.
Status CheckInstance(std::span<const Template> templates);

/// The same for a group of instances, templates[i] being that of rank i of the group (GroupMesh).
Status CheckGroup(std::span<const Template> templates);

/// The joint check of a step's sizes, which only bindings know: bindings[i] are those of the
/// instance at place i. For every communication and every two members, what one sends is what the
/// other expects, to the byte; row counts fit rows; runs of rows fill what they describe.
/// The templates must have passed CheckGroup.
/// Cost: O(communications of a layer * ranks * degree).
/// Errors: Internal naming task, ranks and bytes.
Status CheckGroupBytes(std::span<const Template> templates, std::span<const Bindings> bindings);

}  // namespace braid
