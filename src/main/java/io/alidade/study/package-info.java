/// Experiments that can refute a claim: one record a study, with what it measures, its criterion of
/// success in numbers, and a reduced form that runs in seconds. What carries a study out and writes
/// its page is here too; planted worlds that several studies share are in `world`.
@org.jspecify.annotations.NullMarked
package io.alidade.study;
