import ControlProtocol
import Hummingbird

extension Response {
  /// A value as JSON on one line.
  init(json value: some Encodable) throws {
    self.init(line: try ControlCoding.text(of: value), status: .ok)
  }

  init(_ refusal: ControlRefusal, status: HTTPResponse.Status? = nil) {
    let status = status ?? HTTPResponse.Status(code: refusal.kind.status)
    // Two texts can always be encoded.
    self.init(line: (try? ControlCoding.text(of: refusal)) ?? "{}", status: status)
  }

  private init(line: String, status: HTTPResponse.Status) {
    self.init(status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(string: line + "\n")))
  }

  /// A value a line, for as long as `write` goes on.
  init(lines write: @escaping @concurrent @Sendable (inout any ResponseBodyWriter) async throws -> Void) {
    self.init(
      status: .ok, headers: [.contentType: "application/x-ndjson"],
      body: .init { writer in
        try await write(&writer)
        try await writer.finish(nil)
      })
  }
}

extension ByteBuffer {
  /// One line for each value.
  init(lines values: [some Encodable]) throws {
    self.init()
    for value in values { writeString(try ControlCoding.text(of: value) + "\n") }
  }
}
