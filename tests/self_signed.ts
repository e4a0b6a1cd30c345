/** A certificate that nobody trusts, made for one run of the tests. */
import { join } from "node:path";

/** Makes a key and a certificate for 127.0.0.1, in PEM. */
export async function selfSigned(): Promise<{ key: string; cert: string }> {
  const dir = await Deno.makeTempDir({ prefix: "hx-tls-" });
  try {
    const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
    const { success, stderr } = await new Deno.Command("openssl", {
      args: [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
        ...["-nodes", "-days", "2", "-subj", "/CN=hx test", "-keyout", key, "-out", cert],
        ...["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"],
      ],
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) throw new Error(`openssl: ${new TextDecoder().decode(stderr)}`);
    return { key: await Deno.readTextFile(key), cert: await Deno.readTextFile(cert) };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
