// A task that finds its continuation resumed before it has gone to sleep goes on at once. The runtime tells the
// sanitizer that the resumption came first (`__tsan_release` of the task), but on this short way never acquires it,
// as it does when a task is woken. These functions, which hide the standard library's, do so.

func withUnsafeContinuation<Value>(
  _ body: (UnsafeContinuation<Value, Never>) -> Void
) async -> sending Value {
  let value = await _Concurrency.withUnsafeContinuation(body)
  acquireTask()
  return value
}

func withCheckedContinuation<Value>(
  _ body: (CheckedContinuation<Value, Never>) -> Void
) async -> sending Value {
  let value = await _Concurrency.withCheckedContinuation(body)
  acquireTask()
  return value
}

private func acquireTask() {
  withUnsafeCurrentTask { task in
    if let task { acquire(unsafeBitCast(task, to: UnsafeRawPointer.self)) }
  }
}

@_silgen_name("__tsan_acquire")
private func acquire(_ address: UnsafeRawPointer)
