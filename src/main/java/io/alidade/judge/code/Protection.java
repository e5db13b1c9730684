package io.alidade.judge.code;

/// What stands between foreign code and the machine.
public enum Protection {
  /// Wall time is limited, and whatever runs afterwards is ended.
  TIME,
  /// The Java heap is limited.
  HEAP,
  /// What is printed is limited.
  OUTPUT,
  /// Outcomes cannot be printed by the code that is tested.
  REPORT,
  /// Environment variables are not passed on.
  ENVIRONMENT,
  /// Processor time is limited, also of what escapes the clock.
  PROCESSOR,
  /// The address space is limited, memory outside of the Java heap included.
  MEMORY,
  /// The number of threads is limited, and no process can be started.
  PROCESSES,
  /// No network can be reached, not even that of the machine itself.
  NETWORK,
  /// No file of the machine can be seen but the Java runtime and shared libraries; nothing can be
  /// written but a temporary folder of limited size that vanishes.
  FILES
}
