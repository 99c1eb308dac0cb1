import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import Systemd

@Suite("Credentials")
struct CredentialDirectoryTests {
  @Test("A credential that the service was given is found; one that it was not, is not")
  func found() throws {
    let directory = try TemporaryDirectory()
    let token = directory.path.appending("api-token").string
    close(open(token, O_CREAT | O_WRONLY | O_CLOEXEC, 0o400))
    let credentials = try #require(CredentialDirectory(environment: ["CREDENTIALS_DIRECTORY": directory.path.string]))
    #expect(credentials.credential(named: "api-token") == token)
    #expect(credentials.credential(named: "other") == nil)
  }

  @Test("A name cannot lead out of the directory", arguments: ["", ".", "..", "../passwd", "/etc/passwd", "a/b"])
  func confined(name: String) throws {
    let credentials = try #require(CredentialDirectory(environment: ["CREDENTIALS_DIRECTORY": "/etc/ssl"]))
    #expect(credentials.credential(named: name) == nil)
  }

  @Test("There are none outside systemd", arguments: [[:], ["CREDENTIALS_DIRECTORY": ""], ["CREDENTIALS_DIRECTORY": "relative"]])
  func absent(environment: [String: String]) {
    #expect(CredentialDirectory(environment: environment) == nil)
  }
}
