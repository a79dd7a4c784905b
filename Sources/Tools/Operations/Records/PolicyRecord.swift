package import JSON
package import Messages

/// Messages of a policy's training as JSON lines.
package enum PolicyRecord {
  /// One line for each message; nil for one that holds nothing.
  package static func json(_ reply: TrainPolicyReply) -> JSONValue? {
    switch reply.kind {
    case .started(let started):
      [
        "kind": "started", "run_id": .string(started.runID),
        "first_step": .integer(Int(started.firstStep)),
        "settings": started.hyperparameters.map(PolicySection.json) ?? .null,
      ]
    case .step(let step): json(step)
    case .event(let event):
      [
        "kind": "event", "event": .string(event.kind), "step": .integer(Int(event.step)),
        "detail": .string(event.detail), "time": .number(event.time),
      ]
    case .finished(let finished):
      [
        "kind": "finished", "outcome": .string(finished.outcome),
        "steps_done": .integer(Int(finished.stepsDone)), "detail": .string(finished.detail),
        "seconds": .number(finished.seconds),
      ]
    case nil: nil
    }
  }

  private static func json(_ step: TrainPolicyStep) -> JSONValue {
    [
      "kind": "step", "step": .integer(Int(step.step)), "steps": .integer(Int(step.steps)),
      "configuration_version": .integer(Int(clamping: step.configurationVersion)),
      "configuration_hash": .string(step.configurationHash),
      "scalarizer_endpoint": .string(step.scalarizerEndpoint),
      "seconds": .number(step.seconds), "seconds_left": .number(step.secondsLeft),
      "metrics": .object(step.metrics.map { JSONMember($0.name, .number($0.value)) }),
      "samples": .array(
        step.samples.map { sample in
          [
            "prompt": .string(sample.item?.prompt ?? ""),
            "response": .string(sample.item?.response ?? ""),
            "scores": .array(sample.scores.map { .number($0) }),
            "reward": .number(sample.reward),
          ]
        }
      ),
    ]
  }
}
