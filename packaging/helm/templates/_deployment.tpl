{{/* One program in one pod that can read its files and use the network, and nothing else:
dict "root" . "component" "exporter" "port" 9917 "strategy" (dict …) "args" (list …)
     "config" "what the pod is replaced for"  "environment" "a Secret, or nothing"
     "files" (list (dict "path" "/etc/headlag" "source" (dict "configMap" …)) …) */}}
{{- define "headlag.deployment" -}}
{{- $values := index .root.Values .component -}}
{{- $name := printf "%s-%s" (include "headlag.name" .root) .component -}}
{{- $args := concat .args (list (printf "--web.listen-address=:%d" .port) "--web.probe-listen-address=:9919") -}}
{{- $files := .files -}}
{{- if $values.webConfig -}}
  {{- $args = append $args "--web.config.file=/etc/headlag-web/web.yml" -}}
  {{- $files = append $files (dict "path" "/etc/headlag-web" "source" (dict "secret" (dict "name" (printf "%s-web" $name)))) -}}
{{- end -}}
{{- range $values.secretFiles -}}
  {{- $files = append $files (dict "path" (printf "/run/secrets/%s" .) "source" (dict "secret" (dict "name" .))) -}}
{{- end -}}
{{- $image := required (printf "%s.image.repository is missing: name an image of headlag-%s that your cluster can pull" .component .component) ($values.image).repository -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  labels:
    {{- include "headlag.labels" (dict "root" .root "component" .component "extra" $values.labels) | nindent 4 }}
spec:
  replicas: 1
  strategy:
    {{- toYaml .strategy | nindent 4 }}
  selector:
    matchLabels:
      {{- include "headlag.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "headlag.labels" (dict "root" .root "component" .component "extra" $values.labels) | nindent 8 }}
      annotations:
        # What the program reads at its start, so that a change of it replaces the pod.
        checksum/config: {{ list .config ($values.webConfig | default dict) | toJson | sha256sum }}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: 10
      {{- with .root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        {{- with $values.runAsUser }}
        runAsUser: {{ int64 . }}
        runAsGroup: {{ int64 . }}
        {{- end }}
        seccompProfile: { type: RuntimeDefault }
      containers:
        - name: {{ .component }}
          image: {{ printf "%s:%s" $image ($values.image.tag | default .root.Chart.AppVersion) | quote }}
          {{- with $values.image.pullPolicy }}
          imagePullPolicy: {{ . }}
          {{- end }}
          args:
            {{- concat $args ($values.extraArgs | default list) | toYaml | nindent 12 }}
          {{- with .environment }}
          envFrom:
            - secretRef: { name: {{ . | quote }} }
          {{- end }}
          ports:
            - { name: web, containerPort: {{ .port }} }
            - { name: probe, containerPort: 9919 }
          # The listener without TLS and login, whatever webConfig demands.
          livenessProbe:
            httpGet: { path: /-/healthy, port: probe }
            periodSeconds: 15
            timeoutSeconds: 5
          readinessProbe:
            httpGet: { path: /-/ready, port: probe }
            periodSeconds: 5
            timeoutSeconds: 5
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          {{- with $values.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with $files }}
          # Folders, so that a changed Secret reaches the program.
          volumeMounts:
            {{- range $index, $file := . }}
            - { name: files-{{ $index }}, mountPath: {{ $file.path | quote }}, readOnly: true }
            {{- end }}
          {{- end }}
      {{- with $files }}
      # Readable by any user: who the program runs as may be the cluster's decision.
      volumes:
        {{- range $index, $file := . }}
        - name: files-{{ $index }}
          projected:
            defaultMode: {{ 0444 }}
            sources:
              {{- list $file.source | toYaml | nindent 14 }}
        {{- end }}
      {{- end }}
      {{- range $key := list "nodeSelector" "tolerations" "affinity" }}
      {{- with index $values $key }}
      {{ $key }}:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- end }}
{{- end -}}
