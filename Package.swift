// swift-tools-version: 6.2
import PackageDescription

// What every Swift target of ours is compiled with.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// Which targets the compiler keeps free of unmarked unsafe code.
enum Memory {
  /// No business with raw memory: what a system call needs is marked `unsafe`, word by word.
  case strict
  /// Wraps C or is made of kernels.
  case raw
}

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(
  name: "ServiceLifecycle",
  package: "swift-service-lifecycle"
)
let unixSignals: Target.Dependency = .product(
  name: "UnixSignals",
  package: "swift-service-lifecycle"
)
let arguments: Target.Dependency = .product(
  name: "ArgumentParser",
  package: "swift-argument-parser"
)
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")

/// What the sources of a target are compiled with; warnings are errors, except that something will go away.
func sourceSettings(_ memory: Memory) -> [SwiftSetting] {
  settings + (memory == .strict ? [.strictMemorySafety()] : []) + [
    .treatAllWarnings(as: .error), .treatWarning("DeprecatedDeclaration", as: .warning),
  ]
}

/// A library of ours in `Sources/<room>/<name>`.
func library(
  _ name: String,
  in room: String,
  _ dependencies: [Target.Dependency] = [],
  memory: Memory = .strict
) -> Target {
  .target(
    name: name,
    dependencies: dependencies,
    path: "Sources/\(room)/\(name)",
    swiftSettings: sourceSettings(memory)
  )
}

/// A program of ours in `Sources/<room>/<name>`.
func program(
  _ name: String,
  in room: String,
  _ dependencies: [Target.Dependency] = [],
  memory: Memory = .strict
) -> Target {
  .executableTarget(
    name: name,
    dependencies: dependencies,
    path: "Sources/\(room)/\(name)",
    swiftSettings: sourceSettings(memory)
  )
}

/// The tests of one target, in the folder that mirrors its own.
func tests(_ name: String, in room: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests",
    dependencies: dependencies,
    path: "Tests/\(room)/\(name)Tests",
    swiftSettings: settings
  )
}

let package = Package(
  name: "morlaif",
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    // System: what we link.
    .systemLibrary(
      name: "CProtobufC",
      path: "Sources/System/CProtobufC",
      pkgConfig: "libprotobuf-c",
      providers: [.apt(["libprotobuf-c-dev"])]
    ),
    .systemLibrary(
      name: "COpenBLAS",
      path: "Sources/System/COpenBLAS",
      pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"])]
    ),
    .systemLibrary(
      name: "CCurl",
      path: "Sources/System/CCurl",
      pkgConfig: "libcurl",
      providers: [.apt(["libcurl4-openssl-dev"])]
    ),
    .systemLibrary(
      name: "COpenSSL",
      path: "Sources/System/COpenSSL",
      pkgConfig: "openssl",
      providers: [.apt(["libssl-dev"])]
    ),
    .systemLibrary(name: "CMalloc", path: "Sources/System/CMalloc"),
    .systemLibrary(
      name: "CZlib",
      path: "Sources/System/CZlib",
      pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"])]
    ),
    // Optimised in debug builds too: tests would take minutes without it.
    .target(
      name: "CKernels",
      path: "Sources/System/CKernels",
      cSettings: [.unsafeFlags(["-O3"])]
    ),

    // Foundations: what every room may stand on.
    library("Hashing", in: "Foundations"),
    library("JSON", in: "Foundations"),
    library("LargeMemory", in: "Foundations"),

    // Contract: generated from Protos by `Protos/generate`, and its runtime.
    .target(
      name: "CDescriptors",
      dependencies: ["CProtobufC"],
      path: "Sources/Contract/CDescriptors"
    ),
    .target(
      name: "CMessages",
      dependencies: ["CProtobufC"],
      path: "Sources/Contract/CMessages"
    ),
    library("ProtobufRuntime", in: "Contract", ["CProtobufC", "LargeMemory"], memory: .raw),
    library(
      "Descriptors",
      in: "Contract",
      ["CDescriptors", "CProtobufC", "ProtobufRuntime"],
      memory: .raw
    ),
    library(
      "Messages",
      in: "Contract",
      ["CMessages", "CProtobufC", "LargeMemory", "ProtobufRuntime"],
      memory: .raw
    ),
    library("ServiceStubs", in: "Contract", ["Messages", "ProtobufRuntime", "RPC"]),
    library("DynamicMessages", in: "Contract", ["Descriptors", "JSON", "ProtobufRuntime"]),

    // RPC.
    library("RPCWire", in: "RPC", ["LargeMemory"], memory: .raw),
    library(
      "RPC",
      in: "RPC",
      [
        "CMalloc", "COpenSSL", "CZlib", "LargeMemory", "ProtobufRuntime", "RPCWire", lifecycle,
        logging, nioCore, nioPosix,
      ],
      memory: .raw
    ),
    library("RPCStandardServices", in: "RPC", ["Messages", "RPC", "ServiceStubs", logging]),
    library("TextEndpoint", in: "RPC", ["RPC", lifecycle, logging, nioCore, nioHTTP, nioPosix]),

    // Learning: pure, knows neither services nor messages.
    library("Tensors", in: "Learning", ["CKernels", "COpenBLAS"], memory: .raw),
    library("ModelFiles", in: "Learning", ["Hashing", "JSON"], memory: .raw),
    library("Tokenization", in: "Learning", ["Hashing", "JSON", "ModelFiles"]),
    library("LanguageModels", in: "Learning", ["ModelFiles", "Tensors"], memory: .raw),
    library("Scalarization", in: "Learning", ["Hashing"]),
    library(
      "Preferences",
      in: "Learning",
      ["LanguageModels", "ModelFiles", "Tensors", "Tokenization"]
    ),
    library(
      "PolicyOptimization",
      in: "Learning",
      ["Hashing", "JSON", "LanguageModels", "ModelFiles", "Tensors"]
    ),

    // Feedback.
    library(
      "Labeling",
      in: "Feedback",
      ["CCurl", "Hashing", grdb, logging, yams],
      memory: .raw
    ),

    // Services: for each a library from contract to domain and a thin program.
    library(
      "ServiceKit",
      in: "Services",
      [
        "Messages", "RPC", "RPCStandardServices", "ServiceStubs", "TextEndpoint", arguments,
        lifecycle, logging, unixSignals, yams,
      ]
    ),
    library(
      "ModelKit",
      in: "Services",
      ["LanguageModels", "ModelFiles", "ServiceKit", "Tensors", "Tokenization"]
    ),
    library(
      "LabelerService",
      in: "Services",
      [
        "Labeling", "LanguageModels", "Messages", "ModelKit", "RPC", "ServiceKit",
        "ServiceStubs", "Tensors", "Tokenization", lifecycle, logging,
      ]
    ),
    library(
      "PreferenceModelService",
      in: "Services",
      [
        "Hashing", "LanguageModels", "Messages", "ModelKit", "Preferences", "RPC", "ServiceKit",
        "ServiceStubs", "Tensors", "Tokenization", lifecycle, logging,
      ]
    ),
    library(
      "ScalarizerService",
      in: "Services",
      ["Hashing", "Messages", "RPC", "Scalarization", "ServiceKit", "ServiceStubs", logging]
    ),
    library(
      "PolicyTrainerService",
      in: "Services",
      [
        "LanguageModels", "Messages", "ModelKit", "PolicyOptimization", "ProtobufRuntime", "RPC",
        "ServiceKit", "ServiceStubs", "Tensors", "Tokenization", lifecycle, logging,
      ]
    ),
    program("labeler", in: "Services", ["LabelerService", "ServiceKit", arguments]),
    program(
      "preference-model",
      in: "Services",
      ["PreferenceModelService", "ServiceKit", arguments]
    ),
    program("scalarizer", in: "Services", ["ScalarizerService", "ServiceKit", arguments]),
    program("policy-trainer", in: "Services", ["PolicyTrainerService", "ServiceKit", arguments]),

    // Tools.
    library("RunReports", in: "Tools", ["JSON"]),
    library("Certificates", in: "Tools", ["COpenSSL"], memory: .raw),
    library(
      "Operations",
      in: "Tools",
      [
        "DynamicMessages", "Hashing", "JSON", "Messages", "ProtobufRuntime", "RPC", "RunReports",
        "ServiceKit", "ServiceStubs", logging,
      ]
    ),
    program(
      "morlaif",
      in: "Tools",
      [
        "Certificates", "Hashing", "JSON", "LanguageModels", "Messages", "ModelFiles", "Operations",
        "RPC", "RunReports", "Scalarization", "ServiceKit", "ServiceStubs", "Tokenization",
        arguments, logging,
      ]
    ),
    // The floor that `benchmarks` measures the RPC against.
    .target(name: "CRawTLS", dependencies: ["COpenSSL"], path: "Sources/Tools/CRawTLS"),
    program(
      "benchmarks",
      in: "Tools",
      [
        "CRawTLS", "Certificates", "JSON", "LanguageModels", "Messages", "PolicyOptimization",
        "Preferences", "ProtobufRuntime", "RPC", "RPCWire", "ServiceStubs", "Tensors", arguments,
        logging,
      ],
      memory: .raw
    ),
    program(
      "protoc-gen-morlaif",
      in: "Tools",
      ["CDescriptors", "CProtobufC", "Descriptors", "ProtobufRuntime"],
      memory: .raw
    ),

    // Tests mirror Sources.
    .target(
      name: "ChildProcesses",
      path: "Tests/ChildProcesses",
      swiftSettings: settings
    ),
    .target(
      name: "WireVectors",
      path: "Tests/RPC/WireVectors",
      swiftSettings: settings
    ),
    .target(
      name: "CTestMessages",
      dependencies: ["CProtobufC"],
      path: "Tests/Contract/CTestMessages"
    ),
    .target(
      name: "TestMessages",
      dependencies: [
        "CProtobufC", "CTestMessages", "ChildProcesses", "LargeMemory", "ProtobufRuntime",
      ],
      path: "Tests/Contract/TestMessages",
      swiftSettings: settings
    ),
    .target(
      name: "ScriptedEndpoint",
      path: "Tests/Feedback/ScriptedEndpoint",
      exclude: ["ScriptedServer.py"],
      swiftSettings: settings
    ),
    .executableTarget(
      name: "LabelStoreProbe",
      dependencies: ["Labeling", logging],
      path: "Tests/Feedback/LabelStoreProbe",
      swiftSettings: settings
    ),
    .executableTarget(
      name: "FaultPeer",
      dependencies: ["ProtobufRuntime", "RPC", lifecycle, logging, unixSignals],
      path: "Tests/RPC/FaultPeer",
      swiftSettings: settings
    ),
    .target(
      name: "ServiceTesting",
      dependencies: ["RPC", "RPCStandardServices", "ServiceKit", lifecycle, logging],
      path: "Tests/Services/ServiceTesting",
      swiftSettings: settings
    ),
    tests("Hashing", in: "Foundations", ["Hashing"]),
    tests("JSON", in: "Foundations", ["JSON"]),
    tests("LargeMemory", in: "Foundations", ["LargeMemory"]),
    tests(
      "DynamicMessages",
      in: "Contract",
      ["DynamicMessages", "JSON", "ProtobufRuntime", "TestMessages"]
    ),
    tests("Generator", in: "Contract", ["ChildProcesses", "protoc-gen-morlaif"]),
    tests("Messages", in: "Contract", ["ProtobufRuntime", "TestMessages"]),
    tests("ProtobufRuntime", in: "Contract", ["CProtobufC", "ProtobufRuntime"]),
    tests(
      "Labeling",
      in: "Feedback",
      ["ChildProcesses", "LabelStoreProbe", "Labeling", "ScriptedEndpoint", logging]
    ),
    tests(
      "LanguageModels",
      in: "Learning",
      ["JSON", "LanguageModels", "ModelFiles", "Tensors"]
    ),
    tests("ModelFiles", in: "Learning", ["JSON", "ModelFiles"]),
    tests(
      "PolicyOptimization",
      in: "Learning",
      ["LanguageModels", "PolicyOptimization", "Tensors"]
    ),
    tests(
      "Preferences",
      in: "Learning",
      ["LanguageModels", "ModelFiles", "Preferences", "Tensors"]
    ),
    tests("Scalarization", in: "Learning", ["Scalarization"]),
    tests("Tensors", in: "Learning", ["Tensors"]),
    tests("Tokenization", in: "Learning", ["Tokenization"]),
    tests(
      "RPCStandardServices",
      in: "RPC",
      ["Messages", "RPC", "RPCStandardServices", "ServiceStubs", lifecycle, logging]
    ),
    tests(
      "RPC",
      in: "RPC",
      [
        "CZlib", "ChildProcesses", "FaultPeer", "ProtobufRuntime", "RPC", "RPCWire",
        "WireVectors", lifecycle, logging, nioCore, nioPosix,
      ]
    ),
    tests("RPCWire", in: "RPC", ["LargeMemory", "RPCWire", "WireVectors"]),
    tests(
      "LabelerService",
      in: "Services",
      [
        "LabelerService", "Messages", "RPC", "ScriptedEndpoint", "ServiceKit", "ServiceStubs",
        "ServiceTesting",
      ]
    ),
    tests(
      "PolicyTrainerService",
      in: "Services",
      ["Messages", "PolicyTrainerService", "RPC", "ServiceKit", "ServiceStubs", "ServiceTesting"]
    ),
    tests(
      "PreferenceModelService",
      in: "Services",
      [
        "Messages", "ModelKit", "PreferenceModelService", "RPC", "ServiceKit", "ServiceStubs",
        "ServiceTesting",
      ]
    ),
    tests(
      "ScalarizerService",
      in: "Services",
      ["Messages", "RPC", "ScalarizerService", "ServiceKit", "ServiceStubs", "ServiceTesting"]
    ),
    tests(
      "ServiceKit",
      in: "Services",
      ["ChildProcesses", "Messages", "RPC", "ServiceKit", "ServiceTesting", lifecycle, logging]
    ),
    tests("Certificates", in: "Tools", ["Certificates", "ChildProcesses"]),
    tests("Operations", in: "Tools", ["Hashing", "JSON", "Messages", "Operations", "RunReports"]),
    tests("RunReports", in: "Tools", ["JSON", "RunReports"]),
    tests("morlaif", in: "Tools", ["ChildProcesses", "JSON", "RunReports"]),
    tests("benchmarks", in: "Tools", ["ChildProcesses", "JSON", "benchmarks"]),
    .testTarget(name: "TidyTests", path: "Tests/TidyTests", swiftSettings: settings),
    .testTarget(
      name: "IntegrationTests",
      dependencies: [
        "ChildProcesses", "Messages", "RPC", "ScriptedEndpoint", "ServiceStubs", logging,
      ],
      path: "Tests/Integration",
      swiftSettings: settings
    ),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu11
)
