internal import Foundation
package import LanguageModels
internal import ModelFiles
package import ServiceKit
package import Tensors
package import Tokenization

/// The base model that a service works with, with its tokenizer and its name.
package struct BaseModel: Sendable {
  /// The weights.
  package let model: LanguageModel
  /// The tokenizer of the same files.
  package let tokenizer: Tokenizer
  /// What replies call the model: the name of its file or folder.
  package let id: String
  /// SHA-256 of the weights as they are stored, 64 hexadecimal digits.
  package let hash: String

  /// The numbers that the weights are kept in, on which scores depend a little.
  package var precision: Precision { model.format.precision }
  /// What tells apart models that may answer differently: the hash, and the precision where it is not
  /// float32.
  package var version: String {
    precision == .float32 ? hash : "\(hash)-\(precision.rawValue)"
  }

  /// Puts a base model together.
  package init(model: LanguageModel, tokenizer: Tokenizer, id: String, hash: String) {
    self.model = model
    self.tokenizer = tokenizer
    self.id = id
    self.hash = hash
  }

  /// Loads a GGUF file or a Hugging Face folder and sets the threads of numerical work.
  ///
  /// 0 threads are all cores.
  package static func load(
    path: String,
    threads: Int,
    precision: PrecisionSetting
  ) throws -> BaseModel {
    guard FileManager.default.fileExists(atPath: path) else {
      throw ServiceKitError.unavailable(
        reason: "the model \(path) does not exist; give a GGUF file or a Hugging Face folder"
      )
    }
    let cores = ProcessInfo.processInfo.activeProcessorCount
    Threads.configure(count: threads == 0 ? cores : threads)
    let stored = try StoredModel.open(path)
    let isFile = ModelLocation(path) == .gguf
    return BaseModel(
      model: try LanguageModel.load(stored, format: WeightFormat(precision.chosen)),
      tokenizer: try Tokenizer.load(from: path),
      id: URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent,
      hash: isFile
        ? try WeightHash.sha256(ofFile: path) : try WeightHash.sha256(of: stored.weights)
    )
  }

  /// The tokens of a prompt as one user turn, with the assistant's turn opened.
  ///
  /// Control tokens written out in the text are ordinary text: nobody can forge a turn.
  package func promptTokens(_ text: String) throws(TokenizationError) -> [Int32] {
    try tokenizer.chatTemplate().tokens(
      [.user(text)],
      addGenerationPrompt: true,
      tokenizer: tokenizer,
      allowSpecialInContent: false
    )
  }
}

extension PrecisionSetting {
  /// The precision that the setting comes down to on this processor.
  var chosen: Precision {
    switch self {
    case .auto: .fastest
    case .float32: .float32
    case .bfloat16: .bfloat16
    }
  }
}
