import Hummingbird
import ProgressModel

extension Response {
  init(status: HTTPResponse.Status = .ok, json: JSONValue) {
    self.init(status: status, jsonText: json.serialized)
  }

  init(status: HTTPResponse.Status = .ok, jsonText: String) {
    self.init(status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(string: jsonText)))
  }
}
