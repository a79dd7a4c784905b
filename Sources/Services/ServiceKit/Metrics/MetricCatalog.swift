/// Every metric that a service of this project shows, defined once with its unit.
package enum MetricCatalog {
  /// In the order in which they are shown.
  package static let all: [Metric] =
    process + connections + security + calls + labeler + preferenceModel + scalarizer
    + policyTrainer

  private static let process = [
    residentMemoryPeak, residentMemory, uptime, openDescriptors, prometheusConnectionsDropped,
  ]

  private static let connections = [
    connectionsOpen, connectionsAccepted, connectionsRefused, handshakes, handshakeFailures,
    receivedBytes, sentBytes, compressedMessages,
  ]

  private static let security = [
    brokenRules, renegotiations, brokenTLS, callsDenied, certificateReloads, certificateEnd,
    accessReloads,
  ]

  private static let calls = [callsOpen, callsBegun, callsEnded, callsRefused, callSeconds]

  private static let labeler = [
    labelsNew, labelsKnown, labelsImported, labelFailures,
  ]

  private static let preferenceModel = [preferenceScores, preferenceTrainings]

  private static let scalarizer = [
    scalarizerVersion, scalarizerRewards, scalarizerConfigureCalls,
  ]

  private static let policyTrainer = [policyAnswers]
}

// The process.
extension MetricCatalog {
  /// Most memory the process ever held.
  package static let residentMemoryPeak = Metric(
    "process_resident_memory_peak_bytes",
    .gauge,
    "bytes",
    "Most memory that the process ever held."
  )
  /// Memory of the process.
  package static let residentMemory = Metric(
    "process_resident_memory_bytes",
    .gauge,
    "bytes",
    "Memory that the process holds."
  )
  /// Age of the process.
  package static let uptime = Metric(
    "process_uptime_seconds",
    .gauge,
    "seconds",
    "Time since the process began to count."
  )
  /// Clients of the Prometheus port that said nothing.
  package static let prometheusConnectionsDropped = Metric(
    "prometheus_dropped_connections_total",
    .counter,
    "connections",
    "Connections to the Prometheus port that were closed because they asked nothing."
  )
  /// Files and sockets.
  package static let openDescriptors = Metric(
    "process_open_file_descriptors",
    .gauge,
    "file descriptors",
    "Files and sockets that the process holds open."
  )
}

// Connections of the RPC server.
extension MetricCatalog {
  /// Open connections.
  package static let connectionsOpen = Metric(
    "rpc_server_open_connections",
    .gauge,
    "connections",
    "Connections open now, handshakes under way included."
  )
  /// Accepted connections.
  package static let connectionsAccepted = Metric(
    "rpc_server_accepted_connections_total",
    .counter,
    "connections",
    "Connections accepted."
  )
  /// Refused connections.
  package static let connectionsRefused = Metric(
    "rpc_server_refused_connections_total",
    .counter,
    "connections",
    labels: ["reason"],
    "Connections turned away before their handshake, by the limit that was reached."
  )
  /// Completed handshakes.
  package static let handshakes = Metric(
    "rpc_server_handshakes_total",
    .counter,
    "handshakes",
    "Connections that became ready for calls."
  )
  /// Failed handshakes.
  package static let handshakeFailures = Metric(
    "rpc_server_handshake_failures_total",
    .counter,
    "handshakes",
    labels: ["reason"],
    "Connections that ended before they were ready for calls, by reason."
  )
  /// Bytes in.
  package static let receivedBytes = Metric(
    "rpc_server_received_bytes_total",
    .counter,
    "bytes",
    "Bytes read from sockets, TLS included."
  )
  /// Bytes out.
  package static let sentBytes = Metric(
    "rpc_server_sent_bytes_total",
    .counter,
    "bytes",
    "Bytes written to sockets, TLS included."
  )
  /// Messages as zlib streams.
  package static let compressedMessages = Metric(
    "rpc_server_compressed_messages_total",
    .counter,
    "messages",
    labels: ["direction"],
    "Messages that travelled compressed."
  )
}

// What the RPC server refused.
extension MetricCatalog {
  /// Broken rules of the wire.
  package static let brokenRules = Metric(
    "rpc_server_broken_wire_rules_total",
    .counter,
    "connections",
    labels: ["rule"],
    "Connections ended because the client broke a rule of WIRE.md, by its number."
  )
  /// Attempts to renegotiate.
  package static let renegotiations = Metric(
    "rpc_server_refused_renegotiations_total",
    .counter,
    "connections",
    "Connections ended because the client began another TLS handshake on them."
  )
  /// Broken TLS.
  package static let brokenTLS = Metric(
    "rpc_server_broken_tls_total",
    .counter,
    "connections",
    "Ready connections ended by a TLS error other than a renegotiation."
  )
  /// Denied calls.
  package static let callsDenied = Metric(
    "rpc_server_denied_calls_total",
    .counter,
    "calls",
    "Calls that no access rule allows."
  )
  /// Reloads of the certificate.
  package static let certificateReloads = Metric(
    "rpc_server_certificate_reloads_total",
    .counter,
    "reloads",
    labels: ["outcome"],
    "Certificate files read again while running: ok, or failed with the old ones kept."
  )
  /// End of the certificate.
  package static let certificateEnd = Metric(
    "rpc_server_certificate_end_timestamp_seconds",
    .gauge,
    "seconds",
    "End of the server's certificate in seconds since 1970."
  )
  /// Reloads of the access rules.
  package static let accessReloads = Metric(
    "rpc_server_access_rule_reloads_total",
    .counter,
    "reloads",
    labels: ["outcome"],
    "Access rule file read again while running: ok, or failed with the old rules kept."
  )
}

// Calls of the RPC server.
extension MetricCatalog {
  /// Calls under way.
  package static let callsOpen = Metric(
    "rpc_server_open_calls",
    .gauge,
    "calls",
    "Calls whose handler runs."
  )
  /// Calls begun.
  package static let callsBegun = Metric(
    "rpc_server_begun_calls_total",
    .counter,
    "calls",
    labels: ["method"],
    "Calls handed to a method."
  )
  /// Calls ended.
  package static let callsEnded = Metric(
    "rpc_server_ended_calls_total",
    .counter,
    "calls",
    labels: ["method", "code"],
    "Calls of a method that ended, by status code; all but OK are errors."
  )
  /// Calls refused.
  package static let callsRefused = Metric(
    "rpc_server_refused_calls_total",
    .counter,
    "calls",
    labels: ["code"],
    "Calls refused before they reached a method: rules, limits, loading, stopping, unknown methods."
  )
  /// Latency.
  package static let callSeconds = Metric(
    "rpc_server_call_duration_seconds",
    .histogram,
    "seconds",
    labels: ["method"],
    "From the arrival of a call to its status."
  )
}

// What the services do.
extension MetricCatalog {
  /// Labels made.
  package static let labelsNew = Metric(
    "labeler_new_labels_total",
    .counter,
    "labels",
    "Labels that a judge was asked for."
  )
  /// Labels found.
  package static let labelsKnown = Metric(
    "labeler_known_labels_total",
    .counter,
    "labels",
    "Labels that were in the store already."
  )
  /// Labels imported.
  package static let labelsImported = Metric(
    "labeler_imported_labels_total",
    .counter,
    "labels",
    "Labels that a client brought."
  )
  /// Labels that failed.
  package static let labelFailures = Metric(
    "labeler_failures_total",
    .counter,
    "labels",
    "Labels that could not be made."
  )
  /// Scores given.
  package static let preferenceScores = Metric(
    "preference_model_scores_total",
    .counter,
    "scores",
    "Scores given, one for each answer and principle."
  )
  /// Models trained.
  package static let preferenceTrainings = Metric(
    "preference_model_trainings_total",
    .counter,
    "models",
    "Preference models whose training began."
  )
  /// Version in force.
  package static let scalarizerVersion = Metric(
    "scalarizer_configuration_version",
    .gauge,
    "version",
    "Version of the configuration in force."
  )
  /// Rewards given.
  package static let scalarizerRewards = Metric(
    "scalarizer_rewards_total",
    .counter,
    "rewards",
    "Rewards given."
  )
  /// Configurations.
  package static let scalarizerConfigureCalls = Metric(
    "scalarizer_configure_calls_total",
    .counter,
    "calls",
    "Configurations put in force."
  )
  /// Answers sampled.
  package static let policyAnswers = Metric(
    "policy_trainer_answers_total",
    .counter,
    "answers",
    "Answers sampled for clients."
  )
}
