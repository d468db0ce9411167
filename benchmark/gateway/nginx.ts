/** nginx as a proxy: one worker, keep-alive connections to the upstream, no buffering, no access log. */
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { start } from "./child.ts"
import { callerHeaders, type Place, type System, urlOf } from "./system.ts"

const configOf = ({ folder, port, upstream }: Place): string => `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000000;
  upstream provider {
    server ${new URL(upstream).host};
    keepalive 256;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`

/** nginx in front of the upstream. */
export const nginx = async (place: Place): Promise<System> => {
  const folder = join(place.folder, "nginx")
  await mkdir(folder, { recursive: true })
  const file = join(folder, "nginx.conf")
  await writeFile(file, configOf({ ...place, folder }))
  return {
    name: "nginx",
    url: urlOf(place.port),
    headers: callerHeaders,
    child: await start("nginx", ["-p", folder, "-c", file, "-e", "stderr"], place.port)
  }
}
