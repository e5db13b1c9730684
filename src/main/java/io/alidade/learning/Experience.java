package io.alidade.learning;

import io.alidade.UserException;
import io.alidade.batch.Groups;
import java.util.List;
import java.util.Optional;

/// What a session learns from, and what it is measured on: groups that are given, or groups that it
/// collects with the policy as it is.
///
/// @param train groups to learn from; none where they are collected
/// @param held groups of the data that it is measured on
/// @param collector where groups come from that are collected, round by round
public record Experience(Groups train, Optional<Groups> held, Optional<Collector> collector) {
  /// Given groups.
  ///
  /// @throws UserException if there are none
  public static Experience given(Groups train, Optional<Groups> held) {
    if (train.count() == 0) {
      throw new UserException("the training data holds no usable row; `data check` tells why");
    }
    return new Experience(train, held, Optional.empty());
  }

  /// Given groups, without others to be measured on.
  ///
  /// @throws UserException if there are none
  public static Experience given(Groups train) {
    return given(train, Optional.empty());
  }

  /// What is collected, measured on groups of the data.
  public static Experience collected(Collector collector, Optional<Groups> held) {
    return new Experience(Groups.of(List.of()), held, Optional.of(collector));
  }

  /// What is collected, measured as the collector says.
  public static Experience collected(Collector collector) {
    return collected(collector, Optional.empty());
  }
}
