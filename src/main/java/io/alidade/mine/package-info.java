/// Mining of preferences from code that people published: releases of Java libraries and histories
/// of repositories. Reads archives and commits, compares methods, and writes JSONL in TRL's layout.
/// No tensors, no training and no command line.
@NullMarked
package io.alidade.mine;

import org.jspecify.annotations.NullMarked;
