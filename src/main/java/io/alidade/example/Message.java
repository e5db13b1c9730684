package io.alidade.example;

import java.util.Map;

/// One turn of a conversation, with the fields that chat templates read.
///
/// @param role `system`, `user`, `assistant`, `tool`, or whatever the template knows
/// @param fields every field of the turn, `role` and `content` included, as the file gave them
///   (strings, numbers, booleans, lists, maps, nulls)
public record Message(String role, Map<String, Object> fields) {}
