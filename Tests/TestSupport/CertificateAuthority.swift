import Foundation
package import NIOSSL

/// A certificate authority for one test, made by the `openssl` program in a directory of its own.
package struct CertificateAuthority {
  private let directory: URL

  /// What the clients that trust it name as their file.
  package var file: String { directory.appending(path: "ca.pem").path }

  package init() throws {
    directory = URL.temporaryDirectory.appending(path: "progress-sync-test.\(UUID())")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let configuration = """
      [req]
      distinguished_name = name
      [name]
      [authority]
      basicConstraints = critical, CA:TRUE
      [ca]
      default_ca = issuing
      [issuing]
      database = index
      new_certs_dir = .
      default_md = sha256
      policy = policy
      serial = serial
      [policy]
      commonName = supplied
      """
    try configuration.write(toFile: directory.appending(path: "openssl.cnf").path, atomically: true, encoding: .utf8)
    try openssl(
      "req -config openssl.cnf -x509 -extensions authority -days 2 -subj /CN=TestAuthority -out ca.pem -keyout ca.key \(Self.newKey)")
  }

  /// When a certificate is valid.
  package enum Validity: Sendable {
    /// From now on; -1 for one that expired yesterday.
    case days(Int)
    /// In the forties of this century.
    case future
  }

  /// Removes the authority's files.
  package func remove() {
    try? FileManager.default.removeItem(at: directory)  // What stays behind in /tmp does no harm.
  }

  /// A server's TLS with a certificate of this authority.
  ///
  /// - Parameters:
  ///   - names: As in `subjectAltName`: `DNS:localhost,IP:127.0.0.1`.
  ///   - validity: A day from now on by default.
  package func server(names: String, validity: Validity = .days(1)) throws -> NIOSSLContext {
    try "subjectAltName = \(names)".write(toFile: directory.appending(path: "names").path, atomically: true, encoding: .utf8)
    try openssl("req -config openssl.cnf -new -subj /CN=server -out server.csr -keyout server.key \(Self.newKey)")
    switch validity {
    case .days(let days):
      try openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -days \(days) -out server.pem")
    case .future:
      try Data().write(to: directory.appending(path: "index"))
      let period = "-startdate 20400101000000Z -enddate 20491231000000Z"
      try openssl(
        "ca -batch -config openssl.cnf -cert ca.pem -keyfile ca.key -in server.csr -extfile names -rand_serial -notext \(period) -out server.pem"
      )
    }
    let chain = try NIOSSLCertificate.fromPEMFile(directory.appending(path: "server.pem").path)
    let key = try NIOSSLPrivateKey(file: directory.appending(path: "server.key").path, format: .pem)
    return try NIOSSLContext(
      configuration: .makeServerConfiguration(certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
  }

  private static let newKey = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"

  private func openssl(_ arguments: String) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments.split(separator: " ").map(String.init)
    process.currentDirectoryURL = directory
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw OpenSSLFailure(complaint: complaint) }
  }
}

struct OpenSSLFailure: Error {
  let complaint: String
}
