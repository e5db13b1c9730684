package io.alidade.learning.rounds;

import io.alidade.data.RowEncoder;
import io.alidade.judge.Sitting;
import io.alidade.objective.Needs;
import java.util.Optional;

/// Rounds that begin with prompts and end with a judge's word: what a run gives to a loop that
/// draws answers.
///
/// @param site where they take place
/// @param train prompts to learn from
/// @param held prompts to be measured on
/// @param sitting the judge at work; closed by the run
/// @param needs of the objective, which say what is made of answers
/// @param encoder of what is made of them as text
public record Asking(
    Site site,
    Prompts train,
    Optional<Prompts> held,
    Sitting sitting,
    Needs needs,
    RowEncoder encoder) {}
