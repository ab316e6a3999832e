{{/* What everything's name begins with: the release's, with headlag in it. With "-exporter" behind it,
it has to be a name of a Service: a letter first, no dots, at most 63 characters. */}}
{{- define "headlag.name" -}}
{{- $name := replace "." "-" .Release.Name -}}
{{- if regexMatch "^[0-9]" $name -}}{{- $name = printf "headlag-%s" $name -}}{{- end -}}
{{- if not (contains "headlag" $name) -}}{{- $name = printf "%s-headlag" $name -}}{{- end -}}
{{- $name | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{/* The labels by which a component is found: dict "root" . "component" "exporter" */}}
{{- define "headlag.selector" -}}
app.kubernetes.io/name: headlag
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* All labels of an object, with those of the values, if any, which replace none of these:
dict "root" . "component" "exporter" "extra" .Values.exporter.labels */}}
{{- define "headlag.labels" -}}
{{- $labels := include "headlag.selector" . | fromYaml -}}
{{- $_ := set $labels "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- $_ := set $labels "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $labels "helm.sh/chart" (printf "headlag-%s" .root.Chart.Version | replace "+" "_") -}}
{{- merge $labels (.extra | default dict) | toYaml -}}
{{- end -}}

{{/* "true" where the bot runs. */}}
{{- define "headlag.chartbot" -}}
{{- if and .Values.chartbot.enabled .Values.chartbot.existingSecret -}}true{{- end -}}
{{- end -}}

{{/* Those that run, as JSON: ["exporter", "chartbot"] */}}
{{- define "headlag.components" -}}
{{- $components := list -}}
{{- if .Values.exporter.enabled -}}{{- $components = append $components "exporter" -}}{{- end -}}
{{- if include "headlag.chartbot" . -}}{{- $components = append $components "chartbot" -}}{{- end -}}
{{- toJson $components -}}
{{- end -}}
