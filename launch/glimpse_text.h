#pragma once

#include "launch/glimpse.h"
#include "planner/policy/decision.h"

#include <string>

namespace braid {

/// "at 12.3 s: 4 requests wait, ...".
std::string StateText(const Glimpse& glimpse);

/// A step in words, as comments ("# ...") of the plan text that follows.
std::string StepText(const IssuedStep& issued);

/// The step as plan text; lists of more than 16 tokens, whose ids are 0 anyway, become a comment.
std::string ShortPlanText(const Step& step);

/// What was decided, why, and what else could have been done, as a table.
std::string DecisionText(const Decision& decision);

}  // namespace braid
