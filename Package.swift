// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
  name: "bizclock",
  products: [
    .executable(name: "bizclock", targets: ["bizclock"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // The domain: civil time, calendars, commitments, the fold. Pure.
    .target(name: "ServiceTime", swiftSettings: strict),

    // Linux's event, timer and file notification descriptors.
    .target(name: "CLinux"),

    // PostgreSQL over libpq.
    .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .target(name: "LibPQ", dependencies: ["CLibPQ", "CLinux"], swiftSettings: strict),

    // Bytes to events or rejects.
    .target(name: "Feeds", dependencies: ["ServiceTime", "CLinux"], swiftSettings: strict),

    // Files of sql/ and deploy/ that travel inside the binary.
    .target(name: "CShipped"),
    .target(name: "Shipped", dependencies: ["CShipped"], swiftSettings: strict),

    // Configuration and policy drafts: YAML to checked values.
    .target(
      name: "Settings",
      dependencies: ["ServiceTime", "Shipped", .product(name: "Yams", package: "Yams")],
      swiftSettings: strict),

    // Realistic cases for the demo, the tests and the benchmarks.
    .target(
      name: "Simulator",
      dependencies: ["ServiceTime", .product(name: "HeapModule", package: "swift-collections")],
      swiftSettings: strict),

    // The only place that names tables.
    .target(
      name: "Ledger",
      dependencies: [
        "ServiceTime", "LibPQ", "Shipped",
      ],
      swiftSettings: strict),

    // Sealed files and control messages for the journal.
    .target(name: "CJournal"),

    // Log handler and service notification.
    .target(
      name: "Journal",
      dependencies: ["CJournal", .product(name: "Logging", package: "swift-log")],
      swiftSettings: strict),

    // The services and their wiring.
    .target(
      name: "Daemon",
      dependencies: [
        "ServiceTime", "LibPQ", "Feeds", "Settings", "Ledger", "Journal", "CLinux",
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),

    // Compressed bodies.
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    // Events, cases, health, readiness and metrics over HTTP.
    .target(
      name: "Web",
      dependencies: [
        "ServiceTime", "LibPQ", "Feeds", "Shipped", "Settings", "Ledger", "Journal", "Daemon", "CZlib",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),

    .executableTarget(
      name: "bizclock",
      dependencies: [
        "ServiceTime", "LibPQ", "Feeds", "Settings", "Ledger", "Journal", "Daemon", "Simulator", "Web",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict,
      // Nobody links against the program: a table of 33,000 names that it offers would only lie in memory. So would one of
      // 100,000 addresses to be filled in at its start; packed, which glibc 2.36 reads and of the linkers at hand lld
      // writes, it is 24 KB instead of 2.8 MB.
      linkerSettings: [
        .unsafeFlags(
          [
            "-use-ld=lld", "-Xlinker", "--no-export-dynamic", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs",
          ], .when(configuration: .release))
      ]),

    .target(
      name: "TestSupport", dependencies: ["CJournal", "LibPQ"], path: "Tests/TestSupport", swiftSettings: strict),
    // Load and blows at random instants on the built program; run by deploy/torture.
    .executableTarget(
      name: "Torture",
      dependencies: [
        "LibPQ", "ServiceTime", "Settings", "Simulator", "TestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Torture", swiftSettings: strict),
    // What needs no database, one core, beside what others offer; run by deploy/bench.
    .executableTarget(
      name: "micro", dependencies: ["Feeds", "ServiceTime", "Settings"], path: "deploy/benchmarks/micro",
      swiftSettings: strict),
    .testTarget(
      name: "ServiceTimeTests", dependencies: ["ServiceTime", "TestSupport"], resources: [.copy("Fixtures")],
      swiftSettings: strict),
    .testTarget(name: "LibPQTests", dependencies: ["LibPQ", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "FeedsTests", dependencies: ["Feeds", "ServiceTime", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "JournalTests",
      dependencies: ["Journal", "TestSupport", .product(name: "Logging", package: "swift-log")],
      swiftSettings: strict),
    .testTarget(
      name: "SettingsTests", dependencies: ["Settings", "ServiceTime", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "SimulatorTests", dependencies: ["Simulator", "Feeds", "ServiceTime", "Settings"],
      swiftSettings: strict),
    .testTarget(
      name: "LedgerTests",
      dependencies: ["Ledger", "LibPQ", "ServiceTime", "Settings", "Shipped", "Simulator", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "WebTests",
      dependencies: [
        "Web", "Daemon", "Feeds", "Journal", "Ledger", "LibPQ", "ServiceTime", "Settings", "TestSupport", "CZlib",
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ], swiftSettings: strict),
    .testTarget(
      name: "DaemonTests",
      dependencies: [
        "Daemon", "Feeds", "Journal", "Ledger", "LibPQ", "ServiceTime", "Settings", "Simulator", "TestSupport",
        "Web",
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
