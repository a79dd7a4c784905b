internal import Hashing

/// Names a question to a judge so exactly that the answer never has to be paid for twice.
///
/// SHA-256 over judge id and version, criterion, prompt and both responses in the order shown; the
/// two orders of a pair are two keys. The principle's id is part of it too, since the rules judge
/// decides by id.
package struct VerdictKey: Hashable, Sendable {
  /// 32 bytes.
  let digest: [UInt8]

  /// Derives the key of a question to a judge.
  package init(_ question: JudgeQuestion, judge: any Judge) {
    digest = SHA256.digest(ofParts: [
      judge.id, judge.version, question.principleID, question.criterion, question.prompt,
      question.first, question.second,
    ])
  }
}
