/// What a training step costs on this machine: time by phase, memory, and how much of the matrix
/// product's rate is used. Runs the session that training runs; nothing here computes a step of its
/// own.
@NullMarked
package io.alidade.bench;

import org.jspecify.annotations.NullMarked;
