#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# A FastCGI responder that shows its environment and takes a form and an upload.
#
# Its listening socket is descriptor 0 (FCGI_LISTENSOCK_FILENO), as a process manager hands it over.
use strict;
use warnings;
use CGI::Fast -utf8;
use Digest::SHA;
use Encode;

$CGI::POST_MAX = 64 * 1024 * 1024;
my $served = 0;

while (my $request = CGI::Fast->new) {
    $served++;
    answer($request);
}

sub answer {
    my ($request) = @_;
    print $request->header(-type => 'text/html', -charset => 'utf-8', -Cache_Control => 'no-store');
    print encode('UTF-8', page(taken($request), environment()));
}

# What a form has brought.
sub taken {
    my ($request) = @_;
    return '' if $request->request_method ne 'POST';
    return "<output id=\"answer\">${\ text($request->cgi_error)}</output>" if $request->cgi_error;
    my $told   = '<dt>Text</dt><dd id="text">' . text(scalar $request->param('text')) . '</dd>';
    my $upload = $request->upload('file');
    if ($upload) {
        my $sum = Digest::SHA->new(256)->addfile($upload->handle)->hexdigest;
        my $name = text(decode('UTF-8', scalar $request->param('file')));
        $told .= "<dt>File</dt><dd id=\"name\">$name</dd>"
            . '<dt>Size</dt><dd id="size">' . (-s $upload->handle) . ' bytes</dd>'
            . "<dt>SHA-256</dt><dd id=\"sum\">$sum</dd>";
    }
    return "<output id=\"answer\"><dl>$told</dl></output>";
}

sub environment {
    my $rows = '';
    for my $name (sort keys %ENV) {
        my $value = text(decode('UTF-8', $ENV{$name}));
        $rows .= '<tr><td>' . text($name) . "</td><td>$value</td></tr>\n";
    }
    return $rows;
}

sub text { return CGI::escapeHTML($_[0] // '') }

sub page {
    my ($taken, $rows) = @_;
    return <<"END";
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>A FastCGI application behind libgateway</title>
<style>
  :root { --line: #c8ccd0; --mark: #e8f3ea; }
  \@media (prefers-color-scheme: dark) { :root { --line: #444a50; --mark: #1d3324; } }
  body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
  table { border-collapse: collapse; font: 13px/1.4 ui-monospace, monospace; width: 100%; }
  td { border-top: 1px solid var(--line); overflow-wrap: anywhere; padding: .25em .5em .25em 0; }
  td:first-child { vertical-align: top; width: 16em; }
  output { background: var(--mark); display: block; padding: .25em 1em; }
  dt { float: left; width: 5em; }
  dd { margin-left: 5em; overflow-wrap: anywhere; }
  \@media (max-width: 600px) {
    table, tbody, tr, td { border: 0; display: block; padding: 0; }
    td:first-child { border-top: 1px solid var(--line); color: GrayText; width: auto; }
  }
</style>
<h1>A FastCGI application behind libgateway</h1>
<p>Served by Perl $^V, process <b id="process">$$</b>, its request <b id="served">$served</b>.</p>

<h2>Form and upload</h2>
$taken
<form method="post" enctype="multipart/form-data">
  <p><label>Text <input name="text"></label></p>
  <p><label>File <input name="file" type="file"></label></p>
  <p><button>Send</button></p>
</form>

<h2>Environment</h2>
<table>
$rows</table>
</html>
END
}
