import Hummingbird
import ProgressModel
import ProgressStore

/// Why a request is not answered with what it asked for.
enum Refusal: Error, Hashable {
  /// 422, with every problem.
  case invalid([RequestProblem])
  /// 404.
  case noSuchPath
  case noProgram
  case noProgressLog
  /// 405, with the methods that the path has.
  case wrongMethod(allowed: String)
  /// 413.
  case tooLarge
  /// 503: the request may be right; the database cannot be used at present.
  case storeUnavailable
  /// 503: the request did not end before the server had to.
  case stopping

  init(_ error: ProgressStoreError) {
    self =
      switch error {
      case .noProgram: .noProgram
      case .noProgressLog: .noProgressLog
      case .unavailable: .storeUnavailable
      }
  }
}

extension Refusal {
  var status: HTTPResponse.Status {
    switch self {
    case .invalid: .unprocessableContent
    case .noSuchPath, .noProgram, .noProgressLog: .notFound
    case .wrongMethod: .methodNotAllowed
    case .tooLarge: .contentTooLarge
    case .storeUnavailable, .stopping: .serviceUnavailable
    }
  }

  var detail: JSONValue {
    switch self {
    case .invalid(let problems): .array(problems.prefix(RequestProblem.listed).map(\.json))
    case .noSuchPath: .string("Not Found")
    case .noProgram: .string("Program not found")
    case .noProgressLog: .string("No progress log found for this session")
    case .wrongMethod: .string("Method Not Allowed")
    case .tooLarge: .string("The body is larger than \(JSONBody.maximumSize) bytes")
    case .storeUnavailable: .string("The database cannot be used at present; try again later")
    case .stopping: .string("The server is stopping")
    }
  }

  var response: Response {
    var response = Response(status: status, json: .object(["detail": detail]))
    if case .wrongMethod(let allowed) = self { response.headers[.allow] = allowed }
    return response
  }
}
