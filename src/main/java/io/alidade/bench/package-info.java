/// What a training step costs on this machine: time by phase, memory, and how much of the matrix
/// product's rate is used. Ours is the session that training runs. What it is measured against is
/// laid out here, in files that are called plain.
@NullMarked
package io.alidade.bench;

import org.jspecify.annotations.NullMarked;
