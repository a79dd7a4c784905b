/// First in, first out; memory follows what is inside, not what has passed.
struct Fifo<Element> {
  private var elements: [Element?] = []
  private var head = 0

  var isEmpty: Bool { head == elements.count }

  var count: Int { elements.count - head }

  mutating func append(_ element: Element) { elements.append(element) }

  mutating func popFirst() -> Element? {
    guard head < elements.count else { return nil }
    let element = elements[head]
    elements[head] = nil
    head += 1
    if head == elements.count {
      elements.removeAll(keepingCapacity: elements.capacity <= 64)
      head = 0
    } else if head >= 64, head * 2 >= elements.count {
      elements.removeFirst(head)
      head = 0
    }
    return element
  }

  /// Visits all elements, first to last.
  func forEach(_ body: (Element) -> Void) {
    for case let element? in elements[head...] { body(element) }
  }

  /// Takes out all elements that satisfy a condition.
  mutating func remove(where shouldRemove: (Element) -> Bool) -> [Element] {
    let all = elements[head...].compactMap { $0 }
    elements = all.filter { !shouldRemove($0) }
    head = 0
    return all.filter(shouldRemove)
  }
}
