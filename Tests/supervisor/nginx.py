# SPDX-License-Identifier: Apache-2.0
"""A private nginx in front of an application."""

from processes import Process, answers, free_port
from supervised import APPLICATIONS

CONFIGURATION = """
daemon off;
user www-data;
error_log {directory}/nginx-error.log;
pid {directory}/nginx.pid;
worker_processes 2;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_FILENAME {script};
            fastcgi_pass {address};
        }}
    }}
}}
"""


class Nginx(Process):
    def __init__(self, directory, address, configuration=CONFIGURATION):
        self.port = free_port()
        file = directory / "nginx.conf"
        address = address if address.startswith("unix:") else address.partition(":")[2]
        script = APPLICATIONS / "count.php"
        file.write_text(
            configuration.format(
                directory=directory, port=self.port, address=address, script=script))
        super().__init__(["/usr/sbin/nginx", "-p", directory, "-c", file], directory / "nginx.log")
        self.wait_until(lambda: answers("tcp:127.0.0.1:%d" % self.port), "nginx")
