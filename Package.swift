// swift-tools-version: 6.3
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

/// Language rules of every target: see the contributors' part of README.md.
let rules: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    // Returning a span that borrows its owner needs it: buffers hand out bytes without copying.
    .enableExperimentalFeature("Lifetimes"),
]

/// Library targets stay clear of the concurrency and regular expression runtimes, which would
/// be linked into the host because an import of them is implied.
let libraryRules: [SwiftSetting] =
    rules + [
        .unsafeFlags([
            "-Xfrontend", "-disable-implicit-concurrency-module-import",
            "-Xfrontend", "-disable-implicit-string-processing-module-import",
        ])
    ]

/// How the programs are linked: they run where no Swift is.
let programLinking: [LinkerSetting] = [
    .unsafeFlags([
        "-static-stdlib",
        // What ArgumentParser's FoundationEssentials needs, which only a package that is compiled
        // as static as a whole names by itself.
        "-l_FoundationCollections", "-l_FoundationCShims",
        "-use-ld=lld",
        "-Xlinker", "--gc-sections", "-Xlinker", "--as-needed",
    ])
]

/// Below the C interface each unsafe step is marked; the layer above it consists of them.
let safeRules = libraryRules + [.strictMemorySafety()]

let package = Package(
    name: "gateway",
    products: [
        .library(name: "gateway", type: .dynamic, targets: ["GatewayLibrary"]),
        .executable(name: "gateway-get", targets: ["gateway-get"]),
        .executable(name: "gateway-supervisor", targets: ["gateway-supervisor"]),
    ],
    dependencies: [
        // For the programs only: the library depends on nothing but APR.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .systemLibrary(name: "CGateway", path: "include"),
        .systemLibrary(
            name: "CAPR", path: "Sources/CAPR",
            providers: [.apt(["libapr1-dev", "libaprutil1-dev"])]),
        .target(name: "FastCGI", swiftSettings: safeRules),
        .target(name: "Platform", dependencies: ["CAPR"], swiftSettings: safeRules),
        .target(name: "Transport", dependencies: ["CAPR", "Platform"], swiftSettings: safeRules),
        .target(
            name: "SharedStatus", dependencies: ["CAPR", "Platform"], swiftSettings: safeRules),
        .target(
            name: "Supervision", dependencies: ["CAPR", "Platform", "SharedStatus", "Transport"],
            swiftSettings: safeRules),
        .target(
            name: "GatewayCore",
            dependencies: ["FastCGI", "Platform", "SharedStatus", "Supervision", "Transport"],
            swiftSettings: safeRules),
        .target(
            name: "GatewayABI",
            dependencies: [
                "CAPR", "CGateway", "FastCGI", "GatewayCore", "Platform", "SharedStatus",
                "Supervision", "Transport",
            ],
            swiftSettings: libraryRules),
        .target(
            name: "GatewayLibrary", dependencies: ["GatewayABI"], exclude: ["exports.map"],
            swiftSettings: libraryRules,
            linkerSettings: [
                .unsafeFlags([
                    // A host needs no Swift on its machine.
                    "-static-stdlib",
                    // The version script is obeyed in full by lld only.
                    "-use-ld=lld",
                    "-Xlinker", "-soname", "-Xlinker", "libgateway.so.0",
                    // Hosts such as httpd unload modules; a Swift runtime must stay.
                    "-Xlinker", "-z", "-Xlinker", "nodelete",
                    "-Xlinker",
                    "--version-script=\(Context.packageDirectory)/Sources/GatewayLibrary/exports.map",
                    "-Xlinker", "--gc-sections",
                    // aprutil would drag in libldap and more.
                    "-Xlinker", "--as-needed",
                ])
            ]),
        .executableTarget(
            name: "fastcgi-cost", dependencies: ["FastCGI"], path: "Tests/bench/fastcgi-cost",
            swiftSettings: rules),
        .executableTarget(
            name: "gateway-get",
            dependencies: [
                "CGateway", "FastCGI", "GatewayABI", "Platform", "Transport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: rules, linkerSettings: programLinking),
        .executableTarget(
            name: "gateway-supervisor",
            dependencies: [
                "CGateway", "Platform", "SharedStatus", "Supervision",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: rules, linkerSettings: programLinking),
        .testTarget(
            name: "GatewayCoreTests",
            dependencies: ["FastCGI", "GatewayCore", "Platform", "Transport"],
            swiftSettings: rules),
        .testTarget(
            name: "GatewayABITests", dependencies: ["CAPR", "CGateway", "GatewayABI"],
            swiftSettings: rules),
        .testTarget(
            name: "SupervisionTests",
            dependencies: ["Platform", "SharedStatus", "Supervision", "Transport"],
            swiftSettings: rules),
        .testTarget(
            name: "FastCGITests", dependencies: ["FastCGI"], exclude: ["Transcripts"],
            swiftSettings: rules),
    ]
)
