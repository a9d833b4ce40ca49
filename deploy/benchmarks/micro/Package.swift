// swift-tools-version: 6.2
import PackageDescription

// What needs no database, one core, beside what others offer. Run by deploy/bench.
let package = Package(
  name: "micro",
  dependencies: [.package(name: "bizclock", path: "../../..")],
  targets: [
    .executableTarget(
      name: "micro",
      dependencies: [
        .product(name: "Feeds", package: "bizclock"),
        .product(name: "ServiceTime", package: "bizclock"),
        .product(name: "Settings", package: "bizclock"),
      ],
      swiftSettings: [.treatAllWarnings(as: .error), .enableUpcomingFeature("ExistentialAny")])
  ],
  swiftLanguageModes: [.v6]
)
