// swift-tools-version: 6.2

import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("InferIsolatedConformances"),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
  name: "progress-sync",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
  ],
  targets: [
    // Floor 0: values and decisions, no input or output; and the C that the floor above stands on.
    .target(name: "ProgressModel", swiftSettings: strict),
    .target(name: "SyncPolicy", dependencies: ["ProgressModel"], swiftSettings: strict),
    .target(name: "CrashPoints", swiftSettings: strict),
    .target(name: "Threads", swiftSettings: strict),
    .target(name: "ProgressStore", dependencies: ["ProgressModel"], swiftSettings: strict),
    .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
    .target(name: "CSpool"),
    .target(name: "CSystemEvents"),
    .target(name: "ControlProtocol", dependencies: ["ProgressModel"], swiftSettings: strict),
    .target(name: "Measurements", dependencies: ["ProgressModel"], swiftSettings: strict),

    // Floor 1: one outside thing each.
    .target(name: "Spool", dependencies: ["CSpool", "CrashPoints", "Measurements", "ProgressModel", systemPackage], swiftSettings: strict),
    .target(
      name: "SyncStore", dependencies: ["ControlProtocol", "CrashPoints", "Measurements", "ProgressModel", "SyncPolicy", grdb, sqlite],
      swiftSettings: strict),
    .target(
      name: "APIClient", dependencies: ["ProgressModel", "SyncPolicy", asyncHTTPClient, nioCore, nioHTTP1, nioPosix, nioSSL],
      swiftSettings: strict),
    .target(name: "Systemd", dependencies: ["CSystemd", "Threads", logging], swiftSettings: strict),
    .target(name: "SystemEvents", dependencies: ["CSystemEvents", systemPackage], swiftSettings: strict),
    .target(name: "SQLiteProgressStore", dependencies: ["ProgressModel", "ProgressStore", grdb], swiftSettings: strict),

    // Floor 2: what the parts do together.
    .target(name: "SyncEngine", dependencies: ["CrashPoints", "ProgressModel", "SyncPolicy", "Spool", "SyncStore"], swiftSettings: strict),
    .target(
      name: "ControlClient",
      dependencies: ["ControlProtocol", "ProgressModel", "SyncPolicy", "SyncStore", asyncHTTPClient, nioCore, nioHTTP1, nioPosix],
      swiftSettings: strict),
    .target(
      name: "ControlServer",
      dependencies: [
        "ControlProtocol", "ProgressModel", "Systemd", hummingbird, hummingbirdCore, logging, nioCore, nioHTTP1, nioPosix, serviceLifecycle,
        systemPackage,
      ], swiftSettings: strict),
    .target(
      name: "ProgressServer",
      dependencies: ["ProgressModel", "ProgressStore", hummingbird, logging, nioCore, nioHTTP1, serviceLifecycle, unixSignals],
      swiftSettings: strict),

    // Floor 3: the services around the engine, and their configuration.
    .target(
      name: "SyncDaemon",
      dependencies: [
        "APIClient", "ControlProtocol", "ControlServer", "CrashPoints", "Measurements", "ProgressModel", "Spool", "SyncEngine",
        "SyncPolicy",
        "SyncStore", "SystemEvents", "Systemd", "Threads", logging, serviceLifecycle, systemPackage, unixSignals, yams,
      ], swiftSettings: strict),

    // Floor 4: the programs.
    .target(
      name: "SyncdCommand", dependencies: ["SyncDaemon", "Systemd", argumentParser, logging, systemPackage], swiftSettings: strict),
    .executableTarget(name: "progress-syncd", dependencies: ["SyncdCommand", argumentParser], swiftSettings: strict),
    .executableTarget(
      name: "progressctl",
      dependencies: [
        "APIClient", "ControlClient", "ControlProtocol", "ProgressModel", "Spool", "SyncDaemon", "SyncdCommand", "SystemEvents", "Systemd",
        argumentParser, subprocess, systemPackage,
      ], swiftSettings: strict),
    .executableTarget(
      name: "progress-api", dependencies: ["ProgressModel", "ProgressServer", "SQLiteProgressStore", argumentParser, logging],
      swiftSettings: strict),

    .target(
      name: "TestSupport", dependencies: ["CSystemd", nioCore, nioPosix, nioSSL, systemPackage], path: "Tests/TestSupport",
      swiftSettings: strict),
    .target(name: "CTestSupport", path: "Tests/CTestSupport"),
    .testTarget(name: "ProgressModelTests", dependencies: ["ProgressModel", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "MeasurementsTests", dependencies: ["Measurements", "ProgressModel"], swiftSettings: strict),
    .testTarget(name: "SyncPolicyTests", dependencies: ["SyncPolicy", "ProgressModel"], swiftSettings: strict),
    .testTarget(
      name: "SpoolTests", dependencies: ["Spool", "CSpool", "CTestSupport", "ProgressModel", "TestSupport", systemPackage],
      swiftSettings: strict),
    .testTarget(
      name: "SyncStoreTests", dependencies: ["CrashPoints", "SyncStore", "SyncPolicy", "ProgressModel", "TestSupport", grdb],
      swiftSettings: strict),
    .testTarget(
      name: "APIClientTests", dependencies: ["APIClient", "ProgressModel", "SyncPolicy", "TestSupport", nioCore, nioPosix],
      swiftSettings: strict),
    .testTarget(name: "SystemdTests", dependencies: ["Systemd", "TestSupport", logging, systemPackage], swiftSettings: strict),
    .testTarget(
      name: "SystemEventsTests", dependencies: ["SystemEvents", "CSystemEvents", "CTestSupport", "TestSupport", systemPackage],
      swiftSettings: strict),
    .testTarget(
      name: "SQLiteProgressStoreTests", dependencies: ["ProgressModel", "ProgressStore", "SQLiteProgressStore", "TestSupport", grdb],
      swiftSettings: strict
    ),
    .testTarget(
      name: "SyncEngineTests",
      dependencies: ["SyncEngine", "ProgressModel", "SyncPolicy", "SyncStore", "Spool", "TestSupport", grdb, systemPackage],
      swiftSettings: strict),
    .testTarget(
      name: "SimulationTests",
      dependencies: ["SyncEngine", "SyncStore", "SyncPolicy", "Spool", "ProgressModel", "TestSupport", "Threads", grdb, systemPackage],
      swiftSettings: strict),
    .testTarget(
      name: "SyncDaemonTests",
      dependencies: [
        "SyncDaemon", "APIClient", "ControlProtocol", "ControlServer", "Measurements", "ProgressModel", "Spool", "SyncEngine", "SyncPolicy",
        "SyncStore", "Systemd", "TestSupport", logging, serviceLifecycle, systemPackage,
      ], swiftSettings: strict),
    .testTarget(
      name: "ProgressServerTests",
      dependencies: [
        "ProgressModel", "ProgressServer", "SQLiteProgressStore", "TestSupport", "progress-api", asyncHTTPClient, grdb, hummingbird,
        hummingbirdTesting, logging, nioCore, nioHTTP1, subprocess, systemPackage,
      ], swiftSettings: strict),
    .testTarget(
      name: "ControlServerTests",
      dependencies: [
        "ControlServer", "ControlProtocol", "ProgressModel", "TestSupport", asyncHTTPClient, logging, nioCore, nioHTTP1, nioPosix,
        serviceLifecycle,
        systemPackage,
      ], swiftSettings: strict),
    .testTarget(
      name: "ControlClientTests",
      dependencies: [
        "ControlClient", "ControlProtocol", "ControlServer", "ProgressModel", "SyncPolicy", "SyncStore", logging, systemPackage,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "progressctlTests",
      dependencies: [
        "progressctl", "APIClient", "ControlClient", "ControlProtocol", "ProgressModel", "Spool", "SyncDaemon", "SyncPolicy", "SyncStore",
        "SystemEvents", argumentParser, systemPackage,
      ], swiftSettings: strict),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "progress-syncd", "progressctl", "progress-api", "CrashPoints", "CTestSupport", "SyncStore", "TestSupport", asyncHTTPClient, grdb,
        hummingbird,
        logging, nioCore, nioHTTP1, nioSSL, serviceLifecycle,
      ], swiftSettings: strict),
  ]
)
