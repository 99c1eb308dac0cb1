import AsyncHTTPClient
import ControlProtocol
import NIOCore

/// An answer of many lines, a value each, read as it comes. Empty lines are passed over.
///
/// It ends when the daemon has ended the answer in good order; one that is cut short throws `ControlError.lost`. Go over it once.
package struct JSONLines<Line: Decodable & Sendable>: AsyncSequence, Sendable {
  package typealias Element = Line

  private let body: HTTPClientResponse.Body
  private let failure: SocketFailure

  init(body: HTTPClientResponse.Body, failure: SocketFailure) {
    (self.body, self.failure) = (body, failure)
  }

  package func makeAsyncIterator() -> Iterator {
    Iterator(parts: body.makeAsyncIterator(), failure: failure)
  }

  package struct Iterator: AsyncIteratorProtocol {
    private var parts: HTTPClientResponse.Body.AsyncIterator
    private let failure: SocketFailure
    /// What has come and is not read yet.
    private var buffer = ByteBuffer()
    private var hasEnded = false

    fileprivate init(parts: HTTPClientResponse.Body.AsyncIterator, failure: SocketFailure) {
      (self.parts, self.failure) = (parts, failure)
    }

    @concurrent
    package mutating func next() async throws -> Line? {
      while true {
        while let line = readLine() {
          if !line.isEmpty { return try decode(line) }
        }
        guard !hasEnded else { return nil }
        guard buffer.readableBytes <= SocketClient.longestAnswer else { throw ControlError.unexpected("a line without an end") }
        try await readPart()
      }
    }

    @concurrent
    private mutating func readPart() async throws {
      do {
        guard var part = try await parts.next() else {
          try Task.checkCancellation()  // A cancelled body may look like one that has ended.
          hasEnded = true
          if buffer.readableBytes > 0 { throw ControlError.lost("the last line is not complete") }
          return
        }
        buffer.discardReadBytes()
        buffer.writeBuffer(&part)
      } catch {
        throw failure.reason(for: error)
      }
    }

    private mutating func readLine() -> ArraySlice<UInt8>? {
      let readable = buffer.readableBytesView
      guard let end = readable.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
      let line = buffer.readBytes(length: end - readable.startIndex)
      buffer.moveReaderIndex(forwardBy: 1)
      return line?[...]
    }

    private func decode(_ line: ArraySlice<UInt8>) throws(ControlError) -> Line {
      do {
        return try ControlCoding.value(Line.self, from: line)
      } catch {
        throw .unexpected("no \(Line.self): \(String(decoding: line.prefix(100), as: UTF8.self))")
      }
    }
  }
}
