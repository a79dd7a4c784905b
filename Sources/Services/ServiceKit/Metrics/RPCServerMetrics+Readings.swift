package import RPC

extension RPCServerMetrics.Snapshot {
  /// The counts of a server as values of the catalog.
  package var readings: [MetricReading] {
    connectionReadings + refusalReadings + callReadings
  }

  private var connectionReadings: [MetricReading] {
    var readings = [
      MetricCatalog.connectionsOpen.sample(Double(connectionsOpen)),
      MetricCatalog.connectionsAccepted.sample(Double(connectionsAccepted)),
      MetricCatalog.handshakes.sample(Double(handshakesCompleted)),
      MetricCatalog.receivedBytes.sample(Double(bytesReceived)),
      MetricCatalog.sentBytes.sample(Double(bytesSent)),
      MetricCatalog.compressedMessages.sample(Double(messagesInflated), "received"),
      MetricCatalog.compressedMessages.sample(Double(messagesDeflated), "sent"),
    ]
    // Reasons that have not occurred are shown at 0, so that an alert can be written before.
    for reason in RPCServerMetrics.ConnectionRefusal.allCases {
      readings.append(
        MetricCatalog.connectionsRefused.sample(
          Double(connectionsRefused[reason] ?? 0),
          reason.rawValue
        )
      )
    }
    for reason in HandshakeFault.allCases {
      readings.append(
        MetricCatalog.handshakeFailures.sample(
          Double(handshakeFailures[reason] ?? 0),
          reason.rawValue
        )
      )
    }
    return readings
  }

  private var refusalReadings: [MetricReading] {
    var readings = [
      MetricCatalog.renegotiations.sample(Double(renegotiationsRefused)),
      MetricCatalog.brokenTLS.sample(Double(brokenTLS)),
      MetricCatalog.callsDenied.sample(Double(callsDenied)),
      MetricCatalog.certificateReloads.sample(Double(certificateReloads), "ok"),
      MetricCatalog.certificateReloads.sample(Double(certificateReloadFailures), "failed"),
    ]
    if let end = certificateEndSeconds {
      readings.append(MetricCatalog.certificateEnd.sample(Double(end)))
    }
    for (rule, count) in brokenRules {
      readings.append(MetricCatalog.brokenRules.sample(Double(count), "W\(rule)"))
    }
    return readings
  }

  private var callReadings: [MetricReading] {
    var readings = [MetricCatalog.callsOpen.sample(Double(callsOpen))]
    for (code, count) in callsRefused {
      readings.append(MetricCatalog.callsRefused.sample(Double(count), code))
    }
    for (method, counts) in methods.sorted(by: { $0.key < $1.key }) {
      readings.append(MetricCatalog.callsBegun.sample(Double(counts.begun), method))
      for (code, count) in counts.byCode {
        readings.append(MetricCatalog.callsEnded.sample(Double(count), method, code))
      }
      readings += counts.latency.readings(of: MetricCatalog.callSeconds, [method])
    }
    return readings
  }
}

extension RPCLatencyHistogram {
  /// The buckets, sum and count of a histogram; none when nothing was measured.
  package func readings(of metric: Metric, _ values: [String]) -> [MetricReading] {
    guard count > 0 else { return [] }
    var total = 0
    var readings: [MetricReading] = []
    for (index, count) in counts.enumerated() {
      total += count
      let isLast = index == Self.boundsMicroseconds.count
      let bound = isLast ? "+Inf" : "\(Double(Self.boundsMicroseconds[index]) / 1e6)"
      readings.append(
        MetricReading(
          metric: metric,
          suffix: "_bucket",
          values: values,
          bound: bound,
          value: Double(total)
        )
      )
    }
    let sum = Double(sumMicroseconds) / 1e6
    readings.append(MetricReading(metric: metric, suffix: "_sum", values: values, value: sum))
    readings.append(
      MetricReading(metric: metric, suffix: "_count", values: values, value: Double(count))
    )
    return readings
  }
}
