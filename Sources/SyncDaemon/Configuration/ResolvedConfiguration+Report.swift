package import ControlProtocol
import Glibc
import SystemPackage

extension ResolvedConfiguration {
  /// What everybody may see of it: the effective values, where each comes from, and no secret.
  package var report: ConfigurationReport {
    ConfigurationReport(
      file: file?.absolute.string,
      values: ConfigurationKey.all.map { key in
        .init(key: key.path, value: key.text(configuration).maskingUserInfo, origin: origin(of: key).description)
      })
  }
}

extension FilePath {
  /// The path from the root on, for whoever is in another directory than this process.
  fileprivate var absolute: FilePath {
    guard isRelative, let directory = getcwd(nil, 0) else { return self }
    defer { free(directory) }
    return FilePath(String(cString: directory)).pushing(self)
  }
}

extension String {
  /// Every URL in the text without the user and the password that it may hold ([RFC 3986, section 3.2.1](https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1)).
  package var maskingUserInfo: String {
    replacing(/(:\/\/)[^\/?#\s]*@/) { "\($0.1)***@" }
  }
}
