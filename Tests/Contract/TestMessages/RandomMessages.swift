/// A small seeded generator (SplitMix64), so that a failing message can be made again.
package struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}

/// Random messages of the test `.proto` that use every kind of field and its extreme values.
package struct RandomMessages {
  private var numbers: SeededNumbers

  package init(seed: UInt64) { numbers = SeededNumbers(seed: seed) }

  package mutating func everything() -> Everything {
    Everything(
      scalars: chance() ? scalars() : nil,
      lists: chance() ? lists() : nil,
      choice: chance() ? choice() : nil,
      choices: list { $0.choice() }
    )
  }

  package mutating func choice() -> Choice {
    let kinds: [ChoiceKind] = [
      .amount(real()), .count(integer()), .flag(chance()), .name(identifier()), .raw(bytes()),
      .text(text()), .colour(colour()), .branch(branch()), .empty(Empty()), .small(integer()),
      .ratio(Float(real())), .signed(integer()),
    ]
    let others: [ChoiceOtherKind] = [.otherInt(integer()), .otherName(identifier())]
    return Choice(
      origin: identifier(),
      kind: chance() ? kinds.randomElement(using: &numbers) : nil,
      otherKind: chance() ? others.randomElement(using: &numbers) : nil
    )
  }

  private mutating func scalars() -> Scalars {
    Scalars(
      aDouble: real(),
      aFloat: Float(real()),
      anInt32: integer(),
      anInt64: integer(),
      aUint32: integer(),
      aUint64: integer(),
      aSint32: integer(),
      aSint64: integer(),
      aFixed32: integer(),
      aFixed64: integer(),
      aSfixed32: integer(),
      aSfixed64: integer(),
      aBool: chance(),
      aString: identifier(),
      someBytes: bytes(),
      someText: text(),
      colour: colour(),
      default: integer(),
      in: integer()
    )
  }

  private mutating func lists() -> Lists {
    Lists(
      doubles: list { $0.real() },
      floats: list { Float($0.real()) },
      int32s: list { $0.integer() },
      int64s: list { $0.integer() },
      uint32s: list { $0.integer() },
      uint64s: list { $0.integer() },
      sint32s: list { $0.integer() },
      sint64s: list { $0.integer() },
      fixed32s: list { $0.integer() },
      fixed64s: list { $0.integer() },
      sfixed32s: list { $0.integer() },
      sfixed64s: list { $0.integer() },
      bools: list { $0.chance() },
      strings: list { $0.identifier() },
      blobs: list { $0.bytes() },
      texts: list { $0.text() },
      colours: list { $0.colour() },
      branches: list { $0.branch() },
      empties: list { _ in Empty() }
    )
  }

  private mutating func branch() -> Branch {
    Branch(first: chance() ? leaf() : nil, leaves: list { $0.leaf() })
  }

  private mutating func leaf() -> Leaf {
    Leaf(leafID: identifier(), note: text(), weight: real())
  }

  private mutating func list<Element>(_ make: (inout Self) -> Element) -> [Element] {
    (0..<Int.random(in: 0...5, using: &numbers)).map { _ in make(&self) }
  }

  private mutating func chance() -> Bool { Bool.random(using: &numbers) }

  private mutating func real() -> Double {
    // Values that a Float holds too; no negative zero, which proto3 through protobuf-c drops.
    let values: [Double] = [0, 1, -1.5, .infinity, -.infinity, 0.25, 1e30, -3.0e-38, 123456.75]
    return Double(Float(values.randomElement(using: &numbers) ?? 0))
  }

  private mutating func integer<Integer: FixedWidthInteger>() -> Integer {
    let values: [Integer] = [0, 1, .max, .min, 127, 128 as Integer]
    return chance()
      ? Integer(truncatingIfNeeded: numbers.next()) : values.randomElement(using: &numbers) ?? 0
  }

  private mutating func identifier() -> String {
    ["", "a", "conciseness", "Größe-ß", "🏡👩‍👩‍👧‍👦", String(repeating: "x", count: 300)]
      .randomElement(using: &numbers) ?? ""
  }

  private mutating func text() -> String {
    ["", "a\0b", "line\r\nline", "e\u{301}", "漢字かな交じり文", "\u{FEFF}\u{200D}", "\"quoted\\\""]
      .randomElement(using: &numbers) ?? ""
  }

  private mutating func bytes() -> [UInt8] {
    (0..<Int.random(in: 0...40, using: &numbers)).map { _ in
      UInt8.random(in: 0...255, using: &numbers)
    }
  }

  private mutating func colour() -> Colour {
    let values: [Colour] = Colour.known + [.unrecognized(77), .unrecognized(.min)]
    return values.randomElement(using: &numbers) ?? .red
  }
}
