package io.alidade.template;

import java.util.Iterator;

/// A lazy sequence that can be walked once.
record Generator(Iterator<Object> items) {}
