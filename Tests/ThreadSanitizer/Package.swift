// swift-tools-version: 6.2
import PackageDescription

// The RPC and its tests alone, for `Tests/ThreadSanitizer/run`: under the sanitizer a program that holds the
// learning core's kernels, which are chosen by processor as it is loaded, does not start.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(
  name: "ServiceLifecycle",
  package: "swift-service-lifecycle"
)
let signals: Target.Dependency = .product(
  name: "UnixSignals",
  package: "swift-service-lifecycle"
)

func library(
  _ name: String,
  in room: String,
  _ dependencies: [Target.Dependency] = []
) -> Target {
  .target(
    name: name,
    dependencies: dependencies,
    path: "Sources/\(room)/\(name)",
    swiftSettings: settings
  )
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: "\(name)Tests",
    dependencies: dependencies,
    path: "Tests/RPC/\(name)Tests",
    swiftSettings: settings
  )
}

let package = Package(
  name: "morlaif",
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
  ],
  targets: [
    .systemLibrary(name: "CProtobufC", path: "Sources/System/CProtobufC"),
    .systemLibrary(name: "COpenSSL", path: "Sources/System/COpenSSL"),
    .systemLibrary(name: "CZlib", path: "Sources/System/CZlib", pkgConfig: "zlib"),
    .target(
      name: "CMessages",
      dependencies: ["CProtobufC"],
      path: "Sources/Contract/CMessages"
    ),
    library("LargeMemory", in: "Foundations"),
    library("ProtobufRuntime", in: "Contract", ["CProtobufC", "LargeMemory"]),
    library(
      "Messages",
      in: "Contract",
      ["CMessages", "CProtobufC", "LargeMemory", "ProtobufRuntime"]
    ),
    library("ServiceStubs", in: "Contract", ["Messages", "ProtobufRuntime", "RPC"]),
    library("RPCWire", in: "RPC", ["LargeMemory"]),
    library(
      "RPC",
      in: "RPC",
      [
        "COpenSSL", "CZlib", "LargeMemory", "ProtobufRuntime", "RPCWire", lifecycle, logging,
        nioCore, nioPosix,
      ]
    ),
    library("RPCStandardServices", in: "RPC", ["Messages", "RPC", "ServiceStubs", logging]),
    .target(name: "ChildProcesses", path: "Tests/ChildProcesses", swiftSettings: settings),
    .target(name: "WireVectors", path: "Tests/RPC/WireVectors", swiftSettings: settings),
    .executableTarget(
      name: "FaultPeer",
      dependencies: ["ProtobufRuntime", "RPC", lifecycle, logging, signals],
      path: "Tests/RPC/FaultPeer",
      swiftSettings: settings
    ),
    tests(
      "RPC",
      [
        "CZlib", "ChildProcesses", "FaultPeer", "ProtobufRuntime", "RPC", "RPCWire",
        "WireVectors", lifecycle, logging, nioCore, nioPosix,
      ]
    ),
    tests(
      "RPCStandardServices",
      ["Messages", "RPC", "RPCStandardServices", "ServiceStubs", lifecycle, logging]
    ),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu11
)
