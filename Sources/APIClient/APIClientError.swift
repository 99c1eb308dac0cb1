import ProgressModel

/// Why an API client cannot be made from its settings.
package enum APIClientError: Error, Hashable {
  case baseURL(String, problem: String)
  case token
  case tokenInClearText(APIBaseURL)
  case certificateAuthorities(path: String, problem: String)
}

extension APIClientError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .baseURL(let text, let problem):
      "\(JSONValue.string(text).summary) \(problem); write it like https://progress.example.com"
    case .token:
      "the token must be one line of visible ASCII characters without spaces"
    case .tokenInClearText(let url):
      "a token would be readable on the way to \(url); use https, or set no token, or set api.allow_cleartext_token"
    case .certificateAuthorities(let path, let problem):
      "\(path) \(problem); it must hold certificates in PEM form"
    }
  }
}
