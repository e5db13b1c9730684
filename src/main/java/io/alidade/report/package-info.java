/// Figures and pages: charts as SVG, the page that a run leaves, tables that compare runs. What is
/// shown was measured elsewhere; nothing here computes a metric.
@NullMarked
package io.alidade.report;

import org.jspecify.annotations.NullMarked;
