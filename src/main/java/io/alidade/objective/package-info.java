/// What is minimised: one record for each published loss, in a file of its own that bears its name.
/// An objective is a pure function of scored groups; it knows no model, no data and no loop. Loops,
/// samplers and schedules do not belong here.
@NullMarked
package io.alidade.objective;

import org.jspecify.annotations.NullMarked;
