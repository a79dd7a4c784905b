import Glibc
import Tokenization

/// The one file, in the folder that `run` gives; it is replaced from input to input.
private let path =
  (getenv("MORLAIF_FUZZ_FILES").map { String(cString: $0) } ?? "/tmp") + "/tokenizer"

/// Texts that reach every part of a tokenizer.
private let texts = [
  "", " ", "a b", "don't 123 \n\n x", "caf\u{E9} e\u{301} \u{6F22}\u{1F642}\u{200D}", "<s>a</s>",
  "\u{2581}\u{2581} \t\r\n\u{0}",
]

/// Any bytes as a tokenizer's file, or as a chat template, are read or refused; nothing traps.
///
/// The first byte says what the rest is. A tokenizer that is read must encode and decode anything.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTokenizers(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let data, count > 1 else { return 0 }
  let bytes = Array(UnsafeBufferPointer(start: data + 1, count: count - 1))
  if data[0] % 2 == 0 {
    let source = String(decoding: bytes, as: UTF8.self)
    _ = try? ChatTemplate(source: source)?.render([.user(source)], addGenerationPrompt: true)
    return 0
  }
  let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  precondition(descriptor >= 0 && write(descriptor, bytes, bytes.count) == bytes.count)
  close(descriptor)
  guard let tokenizer = try? Tokenizer.load(from: path) else { return 0 }
  for text in texts {
    let ids = tokenizer.encode(text)
    precondition(ids.allSatisfy { $0 >= 0 && Int($0) < tokenizer.vocabularySize })
    var decoder = IncrementalDecoder(tokenizer, skipSpecial: false)
    let pieces = ids.map { decoder.append($0) }.joined() + decoder.finish()
    precondition(pieces.utf8.elementsEqual(tokenizer.decode(ids).utf8))
    _ = tokenizer.encode(text, allowSpecial: false)
  }
  _ = tokenizer.decode(Int32(-2)..<Int32(min(tokenizer.vocabularySize + 2, 300)))
  return 0
}
